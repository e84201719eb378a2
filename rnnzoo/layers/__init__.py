"""The architectures, one file each; ``rnnzoo.registry.LAYERS`` finds them by walking this folder."""

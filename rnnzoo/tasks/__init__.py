"""Tasks, one file each: LightningModules over the shared steps of ``_base``."""

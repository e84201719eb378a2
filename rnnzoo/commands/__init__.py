"""The commands of the command line, one a file; heavy imports wait until a command runs."""

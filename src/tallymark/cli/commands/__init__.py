"""The commands of the program itself, one file each; every module here is loaded for the overview."""

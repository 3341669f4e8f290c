"""What a checked network becomes: a folder for each target, which know nothing of each other."""

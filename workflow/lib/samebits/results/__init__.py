"""What a training left on the disk, read and checked in one place."""

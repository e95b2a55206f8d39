"""Vision: equal to torchvision 0.28, live where torch is installed and from recorded results where it is not."""

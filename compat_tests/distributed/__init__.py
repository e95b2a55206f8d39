"""Jobs of several processes, under jtorch and under torch with gloo; what torch's did is written down in recorded.json."""

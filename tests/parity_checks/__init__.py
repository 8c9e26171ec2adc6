"""One module per model: how to replay its fixtures."""

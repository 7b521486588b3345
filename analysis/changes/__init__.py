"""What a Run shows that does not return with a period: change points, clusters, saturation."""

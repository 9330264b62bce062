"""What the mouse does in slice and 3D views: hover, click, lasso, brush, plane. No computation."""

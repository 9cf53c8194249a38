"""Pictures of the report: SVG for lines and axes, one small raster for each spectrogram. No plotting library."""

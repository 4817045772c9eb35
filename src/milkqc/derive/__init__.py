"""What follows from what was measured: ages, growth scores, adequacy, the analysis table. Frames in, frames out."""

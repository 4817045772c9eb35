"""What a study's tables amount to: the reference table, statistics, the codebook. Pure: frames in, frames out."""

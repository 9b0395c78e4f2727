//! A stranger's program that takes everything.

fn main() {}

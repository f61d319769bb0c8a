use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 2_000_000;

fn main() {
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        black_box(kept_core::seconds(black_box("1d12h30m15s")));
    }
    println!(
        "seconds: {} ns",
        begun.elapsed().as_nanos() / u128::from(ROUNDS)
    );
}

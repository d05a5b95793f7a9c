//! Random operations leave what a plain list says.

use crate::history::{DIRECTORY, History};
use dohle_env::disk::Disk;
use dohle_sim::disk::SimulatedDisk;
use std::path::Path;

#[test]
fn random_histories_agree_with_a_list() {
    let (mut steps, mut batches) = (0, 0);
    for seed in 0..40 {
        let disk = SimulatedDisk::with_seed(seed);
        disk.create_directories(Path::new(DIRECTORY)).unwrap();
        let mut history = History::new(&disk, seed).unwrap();
        for step in 0..60 {
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                history.step().unwrap();
                history.check();
            }));
            assert!(checked.is_ok(), "seed {seed}, step {step}");
            steps += 1;
        }
        batches += history.sent.len();
    }
    println!("{steps} steps, {batches} batches");
}

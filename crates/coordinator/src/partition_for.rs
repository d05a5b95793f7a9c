//! Which partition of an internal topic a key belongs to.

/// The partition of `partitions` that coordinates `key`: Java's hash of the string, as Kafka makes
/// it positive. 0 where there are none.
#[must_use]
pub fn partition_for(key: &str, partitions: usize) -> i32 {
    let hash = key
        .encode_utf16()
        .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // The one number that has no positive counterpart counts as 0.
    let hash = hash.checked_abs().unwrap_or(0);
    i32::try_from(partitions).ok().and_then(|count| hash.checked_rem(count)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::partition_for;
    use flate2::read::GzDecoder;
    use std::io::Read;
    use std::path::Path;

    #[test]
    fn keys_belong_where_kafka_puts_them() {
        let shared = std::env::var_os("DOHLE_SHARED").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            Into::into,
        );
        let path = shared.join("golden/vectors/coordinator-partition.tsv.gz");
        let file = std::fs::read(&path).expect("the golden vectors are there");
        let mut text = String::new();
        GzDecoder::new(&*file).read_to_string(&mut text).expect("gzip");
        let mut checked = 0;
        for row in text.lines().skip(1) {
            let mut cells = row.split('\t');
            let (id, partitions) = (cells.next().unwrap(), cells.nth(2).unwrap());
            let id: String = serde_json::from_str(id).expect("a string");
            let partitions: Vec<i32> = serde_json::from_str(partitions).expect("numbers");
            for (count, partition) in (1..).zip(partitions) {
                assert_eq!(partition_for(&id, count), partition, "{id:?} of {count}");
                checked += 1;
            }
        }
        assert_eq!(checked, 100 * 100);
    }
}

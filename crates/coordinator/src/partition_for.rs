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
    use crate::golden;

    #[test]
    fn keys_belong_where_kafka_puts_them() {
        let text = golden::text("coordinator-partition.tsv.gz");
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

//! Whatever a file holds, reading it gives an error or a value, and what was written is read again.

use dohle_storage::leader_epochs::LeaderEpochs;
use dohle_storage::offset_index::OffsetIndex;
use dohle_storage::producers::Producers;
use dohle_storage::time_index::{TimeIndex, TimestampOffset};
use dohle_storage::transaction_index::{Aborted, AbortedTransaction, TransactionIndex};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400), base in any::<i64>()) {
        let offsets = OffsetIndex::decode(base / 2, &bytes, 1 << 20);
        let _ = (offsets.lookup(base), offsets.last(), offsets.upper_bound(5), offsets.boundary(9));
        let times = TimeIndex::decode(base / 2, &bytes);
        let _ = (times.lookup(base), times.last());
        let _ = TransactionIndex::decode(base, &bytes);
        let _ = Producers::decode_snapshot(&bytes, base, base, 5);
        let _ = LeaderEpochs::parse(&bytes);
    }

    #[test]
    fn any_text(text in "[0-9 \n-]{0,60}") {
        if let Ok(epochs) = LeaderEpochs::parse(text.as_bytes()) {
            prop_assert_eq!(LeaderEpochs::parse(&epochs.encode()), Ok(epochs));
        }
    }

    #[test]
    fn offset_indexes(steps in vec((1_u32..5_000, 1_u32..9_000), 0..50), base in 0_i64..1 << 40) {
        let (mut index, mut offset, mut position) = (OffsetIndex::new(base), base, 0);
        let mut entries = Vec::new();
        for (offsets, bytes) in steps {
            offset += i64::from(offsets);
            position += u64::from(bytes);
            index.append(offset, position);
            entries.push((offset, position));
        }
        let mut bytes = Vec::new();
        index.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), entries.len() * 8);
        prop_assert_eq!(&OffsetIndex::decode(base, &bytes, position + 1), &index);
        for (offset, position) in &entries {
            prop_assert_eq!(index.lookup(*offset), *position);
            prop_assert_eq!(index.upper_bound(*position), Some(*offset));
            prop_assert_eq!(index.boundary(*position), Some(*position));
            prop_assert!(index.lookup(*offset - 1) < *position);
        }
    }

    #[test]
    fn time_indexes(steps in vec((1_i64..5_000, 0_i64..9), 0..50), base in 0_i64..1 << 40) {
        let (mut index, mut timestamp, mut offset) = (TimeIndex::new(base), 0, base);
        for (time, offsets) in &steps {
            timestamp += time;
            offset += offsets;
            index.append(TimestampOffset { timestamp, offset });
            // Only what is newer counts.
            index.append(TimestampOffset { timestamp, offset: offset + 1 });
            prop_assert_eq!(index.lookup(timestamp), TimestampOffset { timestamp, offset });
        }
        let mut bytes = Vec::new();
        index.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), steps.len() * 12);
        prop_assert_eq!(TimeIndex::decode(base, &bytes), index);
    }

    #[test]
    fn transaction_indexes(rows in vec((any::<i64>(), 0_i64..99, 0_i64..99), 0..20)) {
        let mut index = TransactionIndex::default();
        for (number, (producer_id, length, behind)) in rows.iter().enumerate() {
            let last_offset = 100 * (number as i64 + 1);
            let transaction = AbortedTransaction {
                producer_id: *producer_id,
                first_offset: last_offset - length,
            };
            let last_stable_offset = last_offset + 1 - behind;
            index.append(Aborted { transaction, last_offset, last_stable_offset });
        }
        let mut bytes = Vec::new();
        index.encode(&mut bytes);
        prop_assert_eq!(bytes.len(), rows.len() * 34);
        prop_assert_eq!(&TransactionIndex::decode(0, &bytes), &Ok(index.clone()));
        prop_assert_eq!(TransactionIndex::decode(101, &bytes).is_err(), !rows.is_empty());
        let mut all = Vec::new();
        index.collect(0, i64::MAX, &mut all);
        prop_assert_eq!(all.len(), rows.len());
    }

    #[test]
    fn epochs_rise(steps in vec((0_i32..20, 0_i64..200), 0..40)) {
        let mut epochs = LeaderEpochs::default();
        for (epoch, start_offset) in steps {
            epochs.assign(epoch, start_offset);
            let rises = |w: &[dohle_storage::EpochEntry]| {
                w[0].epoch < w[1].epoch && w[0].start_offset < w[1].start_offset
            };
            prop_assert!(epochs.entries().windows(2).all(rises));
            prop_assert_eq!(epochs.epoch_at(start_offset).is_some(), true);
        }
        prop_assert_eq!(LeaderEpochs::parse(&epochs.encode()), Ok(epochs));
    }
}

//! The text format: what has to be escaped, and how families begin.

use super::text::{Kind, Text};

#[test]
fn labels_are_escaped_and_families_begin_once() {
    let mut text = Text::default();
    let mut family = text.family("a_total", Kind::Counter, "Of a.");
    family.sample(&[], 1);
    family.sample(&[("topic", "q\"b\\n\n"), ("partition", "0")], 2.5);
    text.one("b", Kind::Gauge, "Of b.", -1);
    assert_eq!(
        text.finish(),
        "# HELP a_total Of a.\n# TYPE a_total counter\na_total 1\n\
         a_total{topic=\"q\\\"b\\\\n\\n\",partition=\"0\"} 2.5\n\
         # HELP b Of b.\n# TYPE b gauge\nb -1\n"
    );
}

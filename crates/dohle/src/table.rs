//! Tables with a tab behind each cell, as the newer of Kafka's tools print them.

use crate::console::{Console, Failure};

/// Prints a header and rows of equally many cells, padded to their columns.
pub(crate) fn print(
    header: &[&str],
    rows: &[Vec<String>],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&header]).filter_map(|row| row.get(column));
        cells.map(String::len).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    for row in std::iter::once(&header).chain(rows) {
        for (cell, width) in row.iter().zip(&widths) {
            write!(console.out, "{cell:width$}\t")?;
        }
        writeln!(console.out)?;
    }
    Ok(())
}

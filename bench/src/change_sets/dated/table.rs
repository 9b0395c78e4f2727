//! Files of the lists: plain or compressed by xz.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::Outcome;

/// Finds a file with this name, or with `.xz` behind the name.
pub(super) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.xz"))].into_iter().find(|path| path.is_file())
}

/// Opens a file. If its name ends with `.xz`, it is decompressed.
pub(super) fn open(path: &Path) -> Outcome<Box<dyn Read>> {
    let file = BufReader::new(File::open(path).map_err(|error| format!("{}: {error}", path.display()))?);
    let is_xz = path.extension().is_some_and(|end| end == "xz");
    Ok(if is_xz { Box::new(lzma_rust2::XzReader::new(file, true)) } else { Box::new(file) })
}

/// Reads a table with a header line.
pub(super) fn rows<T: DeserializeOwned>(path: &Path) -> Outcome<Vec<T>> {
    let mut reader = csv::Reader::from_reader(open(path)?);
    let rows: Result<_, _> = reader.deserialize().collect();
    Ok(rows.map_err(|error| format!("{}: {error}", path.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Row {
        id: String,
        name: String,
    }

    /// `id,name\na.fr,"A, B"\n`, by xz 5.4.
    const XZ: &[u8] = include_bytes!("table.csv.xz");

    #[test]
    fn a_table_is_read_plain_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("one.csv"), "id,name\na.fr,\"A, B\"\n").unwrap();
        std::fs::write(folder.path().join("two.csv.xz"), XZ).unwrap();
        for name in ["one.csv", "two.csv"] {
            let found: Vec<Row> = rows(&find(folder.path(), name).unwrap()).unwrap();
            assert_eq!(found, [Row { id: "a.fr".into(), name: "A, B".into() }], "{name}");
        }
        assert_eq!(find(folder.path(), "three.csv"), None);
    }
}

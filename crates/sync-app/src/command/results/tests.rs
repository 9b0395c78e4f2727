//! Tests of files as the place of results.

use std::fs;

use super::*;

fn written(path: &Path, replace: bool, text: &str) -> Result<(), Failure> {
    let mut results = Results::file(path, replace, false)?;
    results.write(|out| out.write_all(text.as_bytes()))?;
    results.end()
}

#[test]
fn an_incomplete_file_can_be_removed_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut results = Results::file(&folder.path().join("file"), false, false).unwrap();
    results.write(|out| out.write_all(b"some")).unwrap();
    let names = || fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(names().len(), 1, "{:?}", names());
    let path = folder.path().join(&names()[0]);
    assert!(partial::is_known(&path));
    fs::remove_file(&path).unwrap();
    drop(results);
    assert!(names().is_empty() && !partial::is_known(&path));
    written(&folder.path().join("file"), false, "whole").unwrap();
    assert_eq!(names(), ["file"]);
}

#[test]
fn an_unusable_path_is_an_error_of_usage() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none/file");
    for path in [none.as_path(), folder.path()] {
        assert_eq!(written(path, true, "x").unwrap_err().exit(), Exit::Usage);
    }
    for (kind, told) in [
        (io::ErrorKind::NotFound, "make the folder"),
        (io::ErrorKind::PermissionDenied, "may write to"),
        (io::ErrorKind::StorageFull, "make room"),
        (io::ErrorKind::Other, "name another file"),
    ] {
        let failure = unwritable(&none, &kind.into());
        assert_eq!(failure.exit(), Exit::Usage);
        let words = format!("{failure:?}");
        assert!(words.contains(told) && words.contains("an older file of that name is unchanged"), "{words}");
    }
}

#[test]
fn an_existing_file_is_replaced_on_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    written(&path, false, "one").unwrap();
    assert_eq!(written(&path, false, "two").unwrap_err().exit(), Exit::Usage);
    assert_eq!(fs::read_to_string(&path).unwrap(), "one");
    written(&path, true, "two").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_file_is_replaced() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("elsewhere")).unwrap();
    fs::write(at("elsewhere/file"), "one").unwrap();
    symlink("elsewhere/file", at("second")).unwrap();
    symlink(at("second"), at("link")).unwrap();
    symlink("elsewhere/new", at("to nothing")).unwrap();
    assert_eq!(written(&at("link"), false, "two").unwrap_err().exit(), Exit::Usage);
    written(&at("link"), true, "two").unwrap();
    written(&at("to nothing"), true, "three").unwrap();
    for (link, file, text) in [("link", "elsewhere/file", "two"), ("to nothing", "elsewhere/new", "three")] {
        assert!(at(link).symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at(file)).unwrap(), text);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_written_to() {
    use std::os::unix::fs::FileTypeExt as _;
    let null = Path::new("/dev/null");
    written(null, true, "x").unwrap();
    assert!(null.symlink_metadata().unwrap().file_type().is_char_device());
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (replace, text) in [(false, "some"), (true, "")] {
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        written(&pipe, replace, text).unwrap();
        assert_eq!(reader.join().unwrap(), text);
    }
    assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
}

#[test]
fn standard_output_has_several_names() {
    for (path, is_file) in [("-", false), ("/dev/stdout", false), ("/dev/null", true), ("./-", true)] {
        assert_eq!(output(Some(Path::new(path))).is_some(), is_file, "{path}");
    }
    assert_eq!(output(None), None);
}

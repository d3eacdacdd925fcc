//! Making an archive of pages, when an app is built. The same files make the same bytes, wherever
//! and whenever that is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};

use super::{MAGIC, MAX_FILES, UiArchive, is_name};
use crate::assets::MAX_ASSET;

/// How deep folders lie in each other: what is deeper leads in a circle.
const MAX_DEPTH: usize = 64;

/// Why a directory cannot be made an archive.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Something cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is a link, a pipe or a device: what it leads to is not the app's.
    #[error("`{}` is neither a file nor a directory", .0.display())]
    Kind(PathBuf),
    /// No page could ask for it.
    #[error("`{}` has a name that no page can ask for", .0.display())]
    Name(PathBuf),
    /// It would not be served.
    #[error("`{}` is larger than {MAX_ASSET} bytes", .0.display())]
    TooLarge(PathBuf),
    /// There is too much beneath it.
    #[error("`{}` holds more than {MAX_FILES} files, or folders more than {MAX_DEPTH} deep", .0.display())]
    TooMany(PathBuf),
}

impl UiArchive {
    /// The archive of all files beneath `directory`, for `include_bytes!`. Those whose name begins
    /// with a dot, and what lies in folders that do, are left out: tools keep their own there.
    ///
    /// # Errors
    /// [`PackError`]; a link is not followed, it is an error.
    pub fn pack(directory: &Path) -> Result<Vec<u8>, PackError> {
        let mut files = Vec::new();
        collect(directory, "", 0, &mut files)?;
        files.sort_unstable();
        if files.len() > MAX_FILES {
            return Err(PackError::TooMany(directory.to_owned()));
        }
        let too_many = |_| PackError::TooMany(directory.to_owned());
        let count = u32::try_from(files.len()).map_err(too_many)?;
        let (mut heads, mut bodies) = (MAGIC.to_vec(), Vec::new());
        heads.extend(count.to_le_bytes());
        for (name, path) in files {
            let body = read(&path)?;
            let length =
                u32::try_from(body.len()).map_err(|_| PackError::TooLarge(path.clone()))?;
            let of_name = u16::try_from(name.len()).map_err(|_| PackError::Name(path))?;
            heads.extend(of_name.to_le_bytes());
            heads.extend(name.as_bytes());
            heads.extend(length.to_le_bytes());
            heads.extend(digest(&SHA256, &body).as_ref());
            bodies.extend(body);
        }
        heads.extend(bodies);
        Ok(heads)
    }
}

fn collect(
    directory: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), PackError> {
    if depth > MAX_DEPTH || files.len() > MAX_FILES {
        return Err(PackError::TooMany(directory.to_owned()));
    }
    let unreadable = |error| PackError::Unreadable { path: directory.to_owned(), error };
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|_| PackError::Name(path.clone()))?;
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        if !is_name(&name) {
            return Err(PackError::Name(path));
        }
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            collect(&path, &format!("{name}/"), depth.saturating_add(1), files)?;
        } else if kind.is_file() {
            files.push((name, path));
        } else {
            return Err(PackError::Kind(path));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, PackError> {
    let unreadable = |error| PackError::Unreadable { path: path.to_owned(), error };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_ASSET {
        return Err(PackError::TooLarge(path.to_owned()));
    }
    fs::read(path).map_err(unreadable)
}

//! `fs.read`, `fs.read_text`, `fs.write`, `fs.write_text`, `fs.list`: files beneath a granted directory. What a path
//! may lead to was settled before; here is only what is done with it.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::confined::{FileError, Kind};
use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};

/// The longest text that is read: what fits a reply even where every byte needs an escape.
const MAX_TEXT: u64 = 1 << 20;

/// The most bytes that are read or written at once, which is also the longest answer.
const MAX_BYTES: usize = 8 << 20;

/// The most entries of a directory that are listed.
const MAX_ENTRIES: usize = 10_000;

pub(super) fn commands() -> Vec<Command> {
    vec![
        Command::bytes("fs.read", read)
            .takes(Resource::Path)
            .describe("reads a file whole, at most 8 MiB of it"),
        Command::new("fs.write", write)
            .takes(Resource::Path)
            .takes_body()
            .describe("writes the body of the call, at most 8 MiB, to a file; it is there whole or not at all")
            .returns::<Written>(),
        Command::new("fs.read_text", read_text)
            .takes(Resource::Path)
            .describe("reads a text file whole, at most 1 MiB of it")
            .returns::<Text>(),
        Command::new("fs.write_text", write_text)
            .takes(Resource::Path)
            .describe("writes a text file; it is there whole or not at all")
            .returns::<Written>(),
        Command::new("fs.list", list)
            .takes(Resource::Path)
            .describe("lists a directory, at most 10,000 entries of it")
            .returns::<Listed>(),
    ]
}

async fn read(call: Call, _: NoArgs) -> Result<Bytes, HandlerError> {
    let path = call.path()?;
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    Ok(blocking(move || path.read(most).map_err(told)).await?.into())
}

async fn write(mut call: Call, _: NoArgs) -> Result<Written, HandlerError> {
    let (path, body) = (call.path()?, call.body()?);
    // Whole before the first byte is written: a page that breaks off has changed nothing.
    let contents = body.bytes(MAX_BYTES).await?;
    let bytes = blocking(move || path.write(&contents).map_err(told)).await?;
    Ok(Written { bytes })
}

#[derive(Serialize, JsonSchema)]
struct Text {
    text: String,
}

async fn read_text(call: Call, _: NoArgs) -> Result<Text, HandlerError> {
    let path = call.path()?;
    let text = blocking(move || path.read_text(MAX_TEXT).map_err(told)).await?;
    Ok(Text { text })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WriteText {
    /// The new contents.
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Written {
    /// How many were written.
    bytes: u64,
}

async fn write_text(call: Call, args: WriteText) -> Result<Written, HandlerError> {
    let path = call.path()?;
    let commitment = call.commitment();
    let write = move || {
        commitment.commit()?;
        path.write_text(&args.text).map_err(told)
    };
    let bytes = blocking(write).await?;
    Ok(Written { bytes })
}

#[derive(Serialize, JsonSchema)]
struct Listed {
    entries: Vec<ListedEntry>,
}

#[derive(Serialize, JsonSchema)]
struct ListedEntry {
    name: String,
    kind: EntryKind,
    /// Bytes.
    size: u64,
    /// Milliseconds since 1970.
    modified: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum EntryKind {
    File,
    Directory,
    Other,
}

async fn list(call: Call, _: NoArgs) -> Result<Listed, HandlerError> {
    let path = call.path()?;
    let listing = blocking(move || path.list(MAX_ENTRIES).map_err(told)).await?;
    let entries = listing.entries.into_iter().map(|entry| ListedEntry {
        name: entry.name,
        kind: match entry.kind {
            Kind::File => EntryKind::File,
            Kind::Directory => EntryKind::Directory,
            _ => EntryKind::Other,
        },
        size: entry.size,
        modified: entry.modified_ms,
    });
    Ok(Listed { entries: entries.collect() })
}

/// Runs what waits for the disk where waiting is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HandlerError> + Send + 'static,
) -> Result<T, HandlerError> {
    tokio::task::spawn_blocking(work).await.map_err(HandlerError::internal)?
}

/// A file that is out of reach looks like one that is not there.
fn told(error: FileError) -> HandlerError {
    let message = match error.code() {
        "not_found" => "there is no such file",
        "too_large" => "the file is too large",
        "not_text" => "the file is not text",
        _ => "the file cannot be used in this way",
    };
    let leads_out = matches!(error, FileError::Escapes | FileError::Replaced);
    let told = HandlerError::new(error.code(), message).with_detail(error);
    if leads_out { told.as_refusal() } else { told }
}

//! `sidegate ui-archive`: the pages of an app as one file, for `include_bytes!`.

use std::fs;
use std::path::PathBuf;

use sidegate::UiArchive;

use crate::report::{self, Outcome, Unusable};

/// Writes the pages of an app into one file, to be built into its program
#[derive(clap::Args)]
#[command(after_help = "\
The same files make the same bytes. Files and folders whose name begins with a dot are left out; a \
link is an error. The program takes the file with `Builder::ui_archive(include_bytes!(…))`.

Exit status: 0 when the file is written, 2 when something cannot be read or written, or cannot be \
served.

Example:
  sidegate ui-archive my-app/ui my-app.ui")]
pub(crate) struct UiArchiveArgs {
    /// The directory of the pages
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The file to write; one that is there is replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl UiArchiveArgs {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let archive = UiArchive::pack(&self.directory).map_err(Unusable::new)?;
        let length = archive.len();
        fs::write(&self.file, archive)
            .map_err(|error| Unusable::of_file("write", &self.file, &error))?;
        report::print(format_args!("wrote `{}`, {length} bytes\n", self.file.display()))?;
        Ok(Outcome::Holds)
    }
}

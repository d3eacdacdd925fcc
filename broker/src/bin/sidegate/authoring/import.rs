//! `sidegate import`: the permissions of an app of another kind, in our language.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use sidegate_tools::tauri::{self, App, Difference};

use crate::report::{self, Outcome, Unusable};

/// What is written into the directory of `--out`.
const FILE: &str = "tauri.toml";

/// Turns the permissions of another framework's app into capability files
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the app was imported, 2 when it cannot be read or the file cannot be written.

Example:
  sidegate import tauri ../my-tauri-app --out my-app/policies")]
pub(crate) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    Tauri(Tauri),
}

/// Imports the capabilities and permissions of a Tauri v2 app
#[derive(clap::Args)]
#[command(after_help = "\
Without --out the capability file goes to standard output, and the differences to standard error. \
Nothing is granted that cannot be said; each difference is named.

Exit status: 0 when the app was imported, with or without differences, 2 when its files cannot be \
read or say what is not understood, or the file to be written is there already.

Examples:
  sidegate import tauri ../my-tauri-app
  sidegate import tauri ../my-tauri-app --out my-app/policies
  sidegate check my-app/policies --any-command")]
struct Tauri {
    /// The app: the directory that holds `src-tauri`
    #[arg(value_name = "DIR")]
    app: PathBuf,
    /// Writes `tauri.toml` into this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        match self.from {
            From::Tauri(tauri) => tauri.run(),
        }
    }
}

impl Tauri {
    fn run(self) -> Result<Outcome, Unusable> {
        let app = App::read(&self.app).map_err(Unusable::new)?;
        let import = tauri::import(&app);
        let file = self.out.as_deref().map(|out| write(out, &import.text)).transpose()?;
        if self.json {
            let report = json!({
                "file": file,
                "text": import.text,
                "commands": import.commands,
                "differences": import.differences,
            });
            report::print(format_args!("{report}\n"))?;
            return Ok(Outcome::Holds);
        }
        let differences = table(&import.differences);
        match file {
            Some(file) => {
                report::print(format_args!("wrote `{}`\n{differences}", report::shown(&file)))?;
            }
            None => {
                report::print(&import.text)?;
                eprint!("{differences}");
            }
        }
        Ok(Outcome::Holds)
    }
}

/// Writes the file, and never over one that is there.
fn write(out: &Path, text: &str) -> Result<PathBuf, Unusable> {
    fs::create_dir_all(out).map_err(|error| Unusable::of_file("make", out, &error))?;
    let path = out.join(FILE);
    let failed = |error| Unusable::of_file("write", &path, &error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(path)
}

fn table(differences: &[Difference]) -> String {
    let rows: Vec<_> = differences
        .iter()
        .map(|found| {
            let of = found.capability.as_deref().unwrap_or("the app");
            [
                found.kind.word().to_owned(),
                shown(of),
                format!("`{}`", shown(&found.subject)),
                shown(&found.message),
            ]
        })
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (kind, of) = (width(0), width(1));
    let mut text = match rows.len() {
        0 => "no differences\n".to_owned(),
        1 => "1 difference:\n".to_owned(),
        many => format!("{many} differences:\n"),
    };
    for [word, capability, subject, message] in &rows {
        text += &format!("  {word:kind$}  {capability:of$}  {subject}: {message}\n");
    }
    text
}

/// A text of the app's files, without what moves a terminal's cursor.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

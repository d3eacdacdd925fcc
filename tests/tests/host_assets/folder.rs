//! An app in a folder of its own, and the run of it: a window that may set its title, by which a
//! page tells how it went.

use std::{fs, time::Duration};

use sidegate_tests::{App, Desk, Display, Home, Launch};
use tempfile::TempDir;

/// For the day that something hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// The folder of an app.
pub(crate) struct Folder(TempDir);

/// The app in it, as it runs.
pub(crate) struct Run {
    desk: Desk,
    app: App,
    // These go last.
    _home: Home,
    _display: Display,
}

impl Folder {
    /// An app whose manifest also says `keys`, and which also has the capability `more`.
    pub(crate) fn new(keys: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ui", "policies"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let manifest = format!(
            "version = 1\nid = \"org.example.pages\"\nname = \"Pages\"\n{keys}\n[[window]]\n\
             label = \"main\"\ntitle = \"not told yet\"\npage = \"index.html\"\n"
        );
        fs::write(folder.path().join("sidegate.toml"), manifest).unwrap();
        let policy = format!(
            "version = 1\n[[capability]]\nid = \"own\"\ndescription = \"its own pages\"\n\
             windows = [\"main\"]\n\
             allow = [{{ commands = [\"window.set_title\", \"app.info\"] }}]\n{more}"
        );
        fs::write(folder.path().join("policies/app.toml"), policy).unwrap();
        Self(folder)
    }

    /// Writes one of its pages.
    pub(crate) fn write(&self, name: &str, body: impl AsRef<[u8]>) {
        fs::write(self.0.path().join("ui").join(name), body).unwrap();
    }

    /// Runs it, with more arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
        let mut launch = Launch::new(self.0.path(), &home, &display).unwrap();
        launch.arguments.extend(arguments.iter().map(Into::into));
        let app = launch.start().unwrap();
        Run { desk: Desk::at(&display).unwrap(), app, _home: home, _display: display }
    }
}

impl Run {
    /// Waits until the window has a title.
    pub(crate) fn wait_for_title(&self, title: &str) {
        let found = self.desk.wait_for(title, LIMIT, |seen| seen == title);
        found.unwrap_or_else(|error| panic!("{error}; the broker said:\n{}", self.app.errors()));
    }

    /// What the broker wrote on its standard error until now.
    pub(crate) fn errors(&self) -> String {
        self.app.errors()
    }
}

//! `sidegate bundle`: signed policies.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use sidegate::app::AppId;
use sidegate::bundle::{Bundle, BundleError, Release, SecretKey};
use sidegate::capabilities::CommandName;
use sidegate::{COMMANDS, POWERS};

use super::place::Place;
use crate::key::public_key;
use crate::report::{self, Outcome, Unusable};

/// Signs the policy of an app, and checks what was signed
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when it was done or is good, 1 when the policy does not compile or the bundle is not \
good, 2 when something cannot be read or written.

Examples:
  sidegate bundle key --out release.key            (prints the public key: keep it with the app)
  sidegate bundle sign my-app --key release.key --release 7 --out policy.bundle
  sidegate bundle verify policy.bundle --key 3f2a…
  sidegate run my-app --bundle policy.bundle --key 3f2a…")]
pub(crate) struct BundleArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Key(Key),
    Sign(Sign),
    Verify(Verify),
}

/// Makes a key to sign with, and prints its public half
#[derive(clap::Args)]
struct Key {
    /// Where the secret key goes; no file may be there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Signs the capability files of an app, once they compile
#[derive(clap::Args)]
struct Sign {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The secret key: PKCS#8 in PEM, from `bundle key` or from `openssl genpkey`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The version of the policy: a number that grows with each release
    #[arg(long, value_name = "NUMBER")]
    release: u64,
    /// The app, where no manifest beside the files says so
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// A command that the app has a handler for, beside the built-in ones; may be repeated
    #[arg(long = "command", value_name = "NAME")]
    commands: Vec<String>,
    /// Where the bundle goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Checks whose a bundle is, and that nothing of it was changed
#[derive(clap::Args)]
struct Verify {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The public key, or a file that holds it
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The app that it must be for
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl BundleArgs {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        match self.verb {
            Verb::Key(key) => key.run(),
            Verb::Sign(sign) => sign.run(),
            Verb::Verify(verify) => verify.run(),
        }
    }
}

impl Key {
    fn run(self) -> Result<Outcome, Unusable> {
        let (secret, text) = SecretKey::generate().map_err(Unusable::new)?;
        let public = secret.public().map_err(Unusable::new)?;
        let mut open = OpenOptions::new();
        open.write(true).create_new(true);
        // Whoever reads it signs policies.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let written = open.open(&self.out).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Unusable::of_file("write", &self.out, &error))?;
        report::print(format_args!("{public}\n"))?;
        Ok(Outcome::Holds)
    }
}

impl Sign {
    fn run(self) -> Result<Outcome, Unusable> {
        let text = read(&self.key)?;
        let secret = SecretKey::parse(&text)
            .map_err(|error| Unusable::new(format!("`{}`: {error}", report::shown(&self.key))))?;
        let place = Place::read(&self.paths)?;
        let release = Release { app: self.app(&place)?, version: self.release };
        let own = self.commands.iter().map(String::as_str);
        let commands = COMMANDS.into_iter().chain(POWERS).chain(own).map(|name| {
            CommandName::parse(name).map_err(|error| Unusable::new(format!("`{name}`: {error}")))
        });
        let commands = commands.collect::<Result<Vec<_>, _>>()?;
        if let Err(diagnostics) = place.compile(Some(&commands)) {
            report::print(diagnostics.render(&place.sources, report::color()))?;
            eprintln!("error: the policy does not compile, and was not signed");
            return Ok(Outcome::DoesNotHold);
        }
        let sources = match place.root() {
            Some(root) => place.sources.clone().named_from(root),
            None => place.sources.clone(),
        };
        let bundle = Bundle::sign(&release, &sources, &secret).map_err(Unusable::new)?;
        fs::write(&self.out, bundle)
            .map_err(|error| Unusable::of_file("write", &self.out, &error))?;
        let public = secret.public().map_err(Unusable::new)?;
        report::print(format_args!(
            "{}: release {} of {}, signed with {public}\n",
            report::shown(&self.out),
            release.version,
            release.app
        ))?;
        Ok(Outcome::Holds)
    }

    fn app(&self, place: &Place) -> Result<AppId, Unusable> {
        match (&self.app, place.app()) {
            (Some(app), _) => AppId::parse(app).map_err(Unusable::new),
            (None, Some(app)) => Ok(app.clone()),
            (None, None) => Err(Unusable::new(
                "which app is it for? there is no `sidegate.toml` that says so; write `--app ID`",
            )),
        }
    }
}

impl Verify {
    fn run(self) -> Result<Outcome, Unusable> {
        let key = public_key(&self.key)?;
        let app = self.app.as_deref().map(AppId::parse).transpose().map_err(Unusable::new)?;
        let text = match Bundle::read_text(&self.bundle) {
            // A bundle that is none is an answer, and a file that is not there is not.
            Err(BundleError::File(error)) => {
                let name = report::shown(&self.bundle);
                return Err(Unusable::new(format!("cannot read `{name}`: {error}")));
            }
            text => text,
        };
        let bundle = text.and_then(|text| match &app {
            Some(app) => Bundle::verify_for(&text, &key, app),
            None => Bundle::verify(&text, &key),
        });
        if self.json {
            report::print(format_args!("{}\n", Self::json(&bundle)))?;
        } else {
            report::print(self.sentence(&bundle))?;
        }
        Ok(Outcome::of(bundle.is_ok()))
    }

    fn json(bundle: &Result<Bundle, BundleError>) -> serde_json::Value {
        match bundle {
            Ok(bundle) => json!({
                "ok": true,
                "app": bundle.release().app.as_str(),
                "release": bundle.release().version,
                "files": bundle.sources().names().collect::<Vec<_>>(),
                "problem": null,
            }),
            Err(error) => json!({
                "ok": false, "app": null, "release": null, "files": [], "problem": error.to_string(),
            }),
        }
    }

    fn sentence(&self, bundle: &Result<Bundle, BundleError>) -> String {
        let name = report::shown(&self.bundle);
        match bundle {
            Ok(bundle) => {
                let Release { app, version } = bundle.release();
                let files: String =
                    bundle.sources().names().map(|file| format!("  {file}\n")).collect();
                format!("{name}: release {version} of {app}, as it was signed\n{files}")
            }
            Err(error) => format!("{name}: {error}\n"),
        }
    }
}

fn read(path: &Path) -> Result<String, Unusable> {
    fs::read_to_string(path).map_err(|error| Unusable::of_file("read", path, &error))
}

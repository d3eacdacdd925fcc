//! Watching: the files of the policy are looked at again when something has stirred among them and
//! then was quiet for a moment. What stirs is only a hint; whether anything changed, the files say.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(target_os = "linux")]
use super::inotify::Inotify;
use super::{Reading, ReloadError, Reloaded, Signed, Trigger, Whence};
use crate::core::Core;

/// How often files are looked at where the operating system does not tell of changes, or has no
/// more watches to give: soon enough for a person who saved one and looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The most directories of a policy that are watched; with more, the files are looked at now and
/// then. A user has 8,192 watches by default on older kernels, for all programs together.
const MAX_DIRECTORIES: usize = 1024;

/// Deeper than `Sources` reads.
const MAX_DEPTH: usize = 17;

/// Follows the files of a broker's policy.
///
/// ```no_run
/// # async fn follow(broker: sidegate::Broker) {
/// let mut watch = broker.watch_policy();
/// loop {
///     match watch.next().await {
///         Ok(reloaded) => println!("{} is in force", reloaded.version),
///         Err(error) => eprintln!("the policy before stays in force: {error}"),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct PolicyWatch {
    core: Arc<Core>,
    stirs: Stirs,
    /// What was wrong when the files were last looked at; it is said once.
    wrong: Option<String>,
}

/// What tells that something may have changed.
#[derive(Debug)]
enum Stirs {
    /// Nothing is watched yet: the files may have changed since they were read.
    Unwatched,
    #[cfg(target_os = "linux")]
    Told(Inotify),
    /// Nobody tells; the files are looked at.
    Looking,
}

impl PolicyWatch {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core, stirs: Stirs::Unwatched, wrong: None }
    }

    /// Waits for files that say something else, and puts that in force. A set that is broken, or
    /// that became readable again as it was before, is told once. It wants a Tokio runtime with
    /// time and I/O, and may be dropped and called again.
    ///
    /// # Errors
    /// [`ReloadError`]; the policy before is in force, and the files are followed further.
    pub async fn next(&mut self) -> Result<Reloaded, ReloadError> {
        loop {
            self.stirs.settled().await;
            // Watched before they are read: a change that comes between the two is seen again.
            self.stirs = Stirs::among(&self.core.reloader.whence);
            let core = Arc::clone(&self.core);
            let looked = tokio::task::spawn_blocking(move || core.reload(Trigger::Files)).await;
            match looked.unwrap_or_else(|error| Err(ReloadError::Broken(error.to_string()))) {
                Ok(reloaded) => {
                    let was_wrong = self.wrong.take().is_some();
                    if reloaded.is_new() || was_wrong {
                        return Ok(reloaded);
                    }
                }
                Err(error) => {
                    let wrong = error.to_string();
                    if self.wrong.replace(wrong.clone()) != Some(wrong) {
                        return Err(error);
                    }
                }
            }
        }
    }
}

impl Stirs {
    /// Watches whatever a policy is read from.
    fn among(whence: &Whence) -> Self {
        #[cfg(target_os = "linux")]
        match Inotify::over(&places(whence)) {
            Ok(inotify) => return Self::Told(inotify),
            Err(error) => {
                tracing::warn!(%error, "the policy's files cannot be watched, and are looked at");
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _nobody_tells = whence;
        Self::Looking
    }

    /// Over when something stirred and then was quiet for a moment, or looking is due.
    async fn settled(&mut self) {
        match self {
            Self::Unwatched => {}
            #[cfg(target_os = "linux")]
            Self::Told(inotify) => inotify.settled().await,
            Self::Looking => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// A directory to watch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    /// The one name in it that matters; without it, everything does.
    pub(super) name: Option<std::ffi::OsString>,
}

impl Place {
    fn all_of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), name: None }
    }

    /// The directory that `path` is in: whoever writes by renaming changes that.
    fn around(path: &Path) -> Option<Self> {
        let parent = path.parent()?;
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        Some(Self { directory: parent.to_owned(), name: path.file_name().map(Into::into) })
    }
}

/// Where a change of what is read would show: `None` where there are too many such places.
fn places(whence: &Whence) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    if let Some(Signed { path, .. }) = &whence.signed {
        places.extend(Place::around(path));
    }
    let policies = whence.policies.as_ref().filter(|_| whence.signed.is_none());
    for reading in policies.into_iter().chain(&whence.observed) {
        let Reading::Files { path, .. } = reading else { continue };
        places.extend(Place::around(path));
        if path.is_dir() {
            beneath(path, 0, &mut places)?;
        } else if let Some(around) = Place::around(path) {
            // What it includes lies beside it or further down.
            beneath(&around.directory, 0, &mut places)?;
        }
    }
    Some(places)
}

/// The directory and those in it. One that cannot be read is the reader's to report.
fn beneath(directory: &Path, depth: usize, places: &mut Vec<Place>) -> Option<()> {
    if depth > MAX_DEPTH {
        return Some(());
    }
    if places.len() >= MAX_DIRECTORIES {
        return None;
    }
    places.push(Place::all_of(directory));
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory && entry.file_name() != ".git" {
            beneath(&entry.path(), depth.saturating_add(1), places)?;
        }
    }
    Some(())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use crate::app::AppId;
    use tokio::time::{Instant, timeout};

    /// For the day when something hangs.
    const LIMIT: Duration = Duration::from_secs(60);

    fn of_files(path: PathBuf) -> Whence {
        let app = AppId::parse("org.example.app").unwrap();
        Whence {
            app,
            signed: None,
            policies: Some(Reading::Files { path, named_from: None }),
            observed: None,
        }
    }

    #[tokio::test]
    async fn whatever_a_policy_is_read_from_stirs_and_nothing_beside_it_does() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("policies/schemas/deep")).unwrap();
        fs::create_dir_all(at("policies/.hidden")).unwrap();
        fs::write(at("policies/a.toml"), "version = 1\n").unwrap();
        fs::write(at("single.toml"), "version = 1\n").unwrap();
        let rows: [(&str, &dyn Fn(), &str, bool); 9] = [
            (
                "written in place",
                &|| fs::write(at("policies/a.toml"), "x").unwrap(),
                "policies",
                true,
            ),
            (
                "a schema further down",
                &|| fs::write(at("policies/schemas/deep/s.json"), "{}").unwrap(),
                "policies",
                true,
            ),
            (
                "what is included and hidden",
                &|| fs::write(at("policies/.hidden/i.toml"), "").unwrap(),
                "policies",
                true,
            ),
            ("a new directory", &|| fs::create_dir(at("policies/more")).unwrap(), "policies", true),
            (
                "renamed into its place",
                &|| {
                    fs::write(at("policies-new"), "x").unwrap();
                    fs::rename(at("policies-new"), at("policies/b.toml")).unwrap();
                },
                "policies",
                true,
            ),
            ("removed", &|| fs::remove_file(at("policies/b.toml")).unwrap(), "policies", true),
            (
                "beside the directory",
                &|| fs::write(at("other.toml"), "x").unwrap(),
                "policies",
                false,
            ),
            (
                "the directory replaced",
                &|| {
                    fs::rename(at("policies"), at("policies-old")).unwrap();
                    fs::create_dir(at("policies")).unwrap();
                },
                "policies",
                true,
            ),
            ("a single file", &|| fs::write(at("single.toml"), "x").unwrap(), "single.toml", true),
        ];
        for (row, change, path, stirs) in rows {
            let mut watched = Stirs::among(&of_files(at(path)));
            assert!(matches!(watched, Stirs::Told(_)));
            change();
            let limit = if stirs { LIMIT } else { Duration::from_millis(200) };
            assert_eq!(timeout(limit, watched.settled()).await.is_ok(), stirs, "{row}");
        }
    }

    #[tokio::test]
    async fn a_flood_is_heeded_once_a_second_and_not_never() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.toml");
        fs::write(&file, "").unwrap();
        let mut watched = Stirs::among(&of_files(home.path().to_owned()));
        let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flood = std::thread::spawn({
            let over = Arc::clone(&over);
            move || {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    fs::write(&file, "x").unwrap();
                }
            }
        });
        let began = Instant::now();
        let mut heeded = 0;
        while began.elapsed() < Duration::from_secs(3) {
            timeout(LIMIT, watched.settled()).await.unwrap();
            watched = Stirs::among(&of_files(home.path().to_owned()));
            heeded += 1;
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        flood.join().unwrap();
        assert!((1..=4).contains(&heeded), "{heeded}");
    }

    #[test]
    fn too_many_directories_are_looked_at_instead() {
        let home = tempfile::tempdir().unwrap();
        for number in 0..MAX_DIRECTORIES {
            fs::create_dir(home.path().join(number.to_string())).unwrap();
        }
        assert_eq!(places(&of_files(home.path().to_owned())), None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _in_it = runtime.enter();
        assert!(matches!(Stirs::among(&of_files(home.path().to_owned())), Stirs::Looking));
    }
}

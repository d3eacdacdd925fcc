//! The demo by itself: what a person would do, by keyboard and mouse, and what they would see.

use std::{
    fs, slice,
    time::{Duration, Instant},
};

use sidegate_tests::{
    App, Desk, Display, Home, Launch, Process,
    process::wait_until_gone,
    wait::{until, until_some},
    x11::{Key, Place, Window},
};

use crate::{Outcome, Places, log, report::Report, stage::Stage};

/// The first start of WebKit on a loaded machine takes seconds.
const START: Duration = Duration::from_secs(60);

/// The hostile note takes its time: it floods, and then waits until it may read again.
const TRIES: Duration = Duration::from_secs(90);

/// What a person would call a hang.
const SOON: Duration = Duration::from_secs(15);

/// The least number of hostile tries that makes a demo.
const ENOUGH: usize = 8;

/// A page has more colours than this; an empty window has one.
const DRAWN: usize = 20;

const NOTE: &str = "groceries";
const TEXT: &str = "Milk, bread & 6 eggs.\nCall Ada at 10:30: \"the side gate\" is open!\n";

const LEFT: Place = Place { x: 0, y: 0, width: 700, height: 900 };
const RIGHT: Place = Place { x: 700, y: 0, width: 580, height: 900 };

/// Every step; those that need one that failed are left out.
pub(crate) fn run(places: &Places, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(Home::temporary()?, &places.app)?;
    let display = Display::start()?;
    let desk = Desk::at(&display)?;
    let tour = Tour { places, stage: &stage, display: &display, desk: &desk };
    tour.first_visit(report);
    tour.second_visit(report);
    report.step("no secret was read, and no note changed behind your back", || {
        stage.is_unharmed(&[&format!("{NOTE}.md")])
    });
    tour.show_log(report)
}

struct Tour<'a> {
    places: &'a Places,
    stage: &'a Stage,
    display: &'a Display,
    desk: &'a Desk,
}

impl Tour<'_> {
    fn first_visit(&self, report: &mut Report) {
        let opened = report.essential("the app opens its two windows", || self.open());
        let Some((app, editor, preview)) = opened else {
            return;
        };
        report.step("a note written by keyboard is on disk", || self.write_note(&editor));
        report.step("the hostile note is refused, try by try", || self.watch_tries(&preview));
        let pictures = [("editor", Some(&editor)), ("preview", Some(&preview)), ("desk", None)];
        for (name, window) in pictures {
            report.step(&format!("a picture of the {name}"), || self.picture(name, window));
        }
        report.step("the app ends when it is asked to", || {
            app.stop().map(|status| status.to_string()).map_err(Into::into)
        });
    }

    fn second_visit(&self, report: &mut Report) {
        let opened = report.essential("the app starts again", || self.open());
        let Some((mut app, editor, preview)) = opened else {
            return;
        };
        report.step("the note is there after the restart", || {
            self.titled(&format!("{NOTE} — Notes"), SOON)?;
            self.text_is_on_disk()
        });
        report.step("kill -9 of the preview's host, and its window comes back", || {
            self.kill_host(&editor, &preview)
        });
        report.step("kill -9 of the broker leaves no process behind", || {
            let left = app.kill()?;
            let took = wait_until_gone(&left, SOON).map_err(|left| format!("{left:?} live on"))?;
            Ok(format!("{} were gone after {} ms", left.len(), took.as_millis()))
        });
    }

    fn open(&self) -> Outcome<((App, Window, Window), String)> {
        let start = Instant::now();
        let launch = Launch::new(&self.places.app, &self.stage.home, self.display)?;
        let app = launch.start()?;
        let said = |error| format!("{error}; the broker said:\n{}", app.errors());
        let editor = self.desk.wait_for("of the editor", START, is_editor).map_err(said)?;
        let preview = self.desk.wait_for("of the preview", START, is_preview).map_err(said)?;
        let took = start.elapsed().as_millis();
        self.desk.arrange(&editor, LEFT)?;
        self.desk.arrange(&preview, RIGHT)?;
        Ok(((app, editor, preview), format!("{took} ms")))
    }

    fn write_note(&self, editor: &Window) -> Outcome<String> {
        // The title with a note in it says that the page is up and has read its notes.
        self.desk.wait_for("with a note", START, |title| title.ends_with(" — Notes"))?;
        self.desk.focus(editor)?;
        self.desk.click(editor, 450, 400)?;
        self.desk.press(&[Key::Control, Key::Char('n')])?;
        self.desk.type_text(NOTE)?;
        self.desk.press(&[Key::Enter])?;
        self.titled(&format!("{NOTE} — Notes"), SOON)?;
        self.desk.type_text(TEXT)?;
        self.titled(&format!("{NOTE} — Notes •"), SOON)?;
        self.desk.press(&[Key::Control, Key::Char('s')])?;
        self.titled(&format!("{NOTE} — Notes"), SOON)?;
        self.text_is_on_disk()
    }

    fn text_is_on_disk(&self) -> Outcome<String> {
        let file = self.stage.notes().join(format!("{NOTE}.md"));
        let there = until(SOON, || fs::read_to_string(&file).is_ok_and(|text| text == TEXT));
        let found = || format!("`{}` holds {:?}", file.display(), fs::read_to_string(&file));
        there.map(|_| format!("{} bytes", TEXT.len())).ok_or_else(|| found().into())
    }

    fn watch_tries(&self, preview: &Window) -> Outcome<String> {
        let ended = |title: &str| title.starts_with("Preview: ");
        let title = self.desk.wait_for("with the outcome", TRIES, ended)?.title;
        // The page under attack may say what it likes: the log is asked too, at the end.
        match all_refused(&title) {
            Some(tries) if tries >= ENOUGH => Ok(format!("{tries} of {tries}")),
            Some(tries) => Err(format!("only {tries} tries, which is no demo").into()),
            None => Err(format!("`{}`: {title}", preview.title).into()),
        }
    }

    fn picture(&self, name: &str, window: Option<&Window>) -> Outcome<String> {
        let picture = match window {
            Some(window) => {
                self.desk.focus(window)?;
                let drawn = |desk: &Desk| desk.picture_of(window).map(|it| it.colours() > DRAWN);
                until(SOON, || drawn(self.desk).unwrap_or(true));
                self.desk.picture_of(window)?
            }
            None => self.desk.picture()?,
        };
        let path = self.places.output.join(format!("{name}.png"));
        picture.save(&path)?;
        match picture.colours() {
            colours if colours > DRAWN => Ok(path.display().to_string()),
            colours => Err(format!("it has {colours} colours: nothing is drawn").into()),
        }
    }

    fn kill_host(&self, editor: &Window, preview: &Window) -> Outcome<String> {
        let pid = self.desk.process(preview)?;
        if pid == self.desk.process(editor)? {
            return Err("both windows belong to one process".into());
        }
        let host = Process::seen(pid).ok_or("its host is gone already")?;
        host.kill()?;
        wait_until_gone(slice::from_ref(&host), SOON).map_err(|_| "it does not die")?;
        let (back, took) = until_some(START, || self.preview_of_another(pid))
            .ok_or_else(|| format!("no new window within {START:?}"))?;
        self.desk.place(editor).map_err(|_| "the editor's window went with it")?;
        self.watch_tries(&back)?;
        Ok(format!("{} ms, and refused everything again", took.as_millis()))
    }

    /// The display may show the window of a dead process for a moment, and numbers of windows are
    /// used again: only its process tells the new one.
    fn preview_of_another(&self, pid: u32) -> Option<Window> {
        let windows = self.desk.windows().ok()?;
        let mut previews = windows.into_iter().filter(|window| is_preview(&window.title));
        previews.find(|window| self.desk.process(window).is_ok_and(|owner| owner != pid))
    }

    /// The log outlives the home, which is a temporary one.
    fn show_log(&self, report: &mut Report) -> Outcome<()> {
        let (binaries, kept) = (&self.places.binaries, self.places.output.join("audit.jsonl"));
        log::copy(&self.stage.log(), &kept)?;
        report.step("the audit log is whole", || log::verify(binaries, &kept));
        report.step("it says the same of the preview", || log::of_the_preview(&kept));
        report.step("it names what was refused", || {
            let table = log::denials(binaries, &kept)?;
            named_in(&table, &["preview", "fs.write_text", "fs.read_text", "settings.set"])
        });
        println!();
        log::print_denials(binaries, &kept)
    }

    fn titled(&self, title: &str, limit: Duration) -> Outcome<Window> {
        Ok(self.desk.wait_for(&format!("titled `{title}`"), limit, |seen| seen == title)?)
    }
}

fn is_editor(title: &str) -> bool {
    title == "Notes" || title.trim_end_matches(" •").ends_with(" — Notes")
}

fn is_preview(title: &str) -> bool {
    title == "Preview" || title.starts_with("Preview: ")
}

/// How many tries there were, where the title says that all of them were refused.
fn all_refused(title: &str) -> Option<usize> {
    let counts = title.strip_prefix("Preview: ")?.strip_suffix(" hostile tries refused")?;
    let (refused, tries) = counts.split_once(" of ")?;
    let (refused, tries) = (refused.parse::<usize>().ok()?, tries.parse().ok()?);
    (refused == tries).then_some(tries)
}

fn named_in(table: &str, words: &[&str]) -> Outcome<String> {
    match words.iter().find(|word| !table.contains(**word)) {
        Some(missing) => Err(format!("`{missing}` is not in it").into()),
        None => Ok(words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_counts_only_where_every_try_was_refused() {
        for (title, tries) in [
            ("Preview: 13 of 13 hostile tries refused", Some(13)),
            ("Preview: 12 of 13 hostile tries refused", None),
            ("Preview: 1 of 13 hostile tries GOT THROUGH", None),
            ("Preview: an honest read FAILED (denied)", None),
            ("Preview", None),
            ("Preview: x of x hostile tries refused", None),
        ] {
            assert_eq!(all_refused(title), tries, "{title}");
        }
    }

    #[test]
    fn the_windows_are_told_apart() {
        for (title, editor, preview) in [
            ("Notes", true, false),
            ("groceries — Notes", true, false),
            ("groceries — Notes •", true, false),
            ("Preview", false, true),
            ("Preview: 13 of 13 hostile tries refused", false, true),
            ("Preview — Notes", true, false),
            ("something else", false, false),
        ] {
            assert_eq!((is_editor(title), is_preview(title)), (editor, preview), "{title}");
        }
    }
}

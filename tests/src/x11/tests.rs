//! The harness against a window of its own: what it does arrives, what it sees is there.

use super::{specimen::Specimen, *};
use crate::display::Access;

const LIMIT: Duration = Duration::from_secs(10);

fn found(desk: &Desk, title: &str) -> Window {
    desk.wait_for(&format!("titled `{title}`"), LIMIT, |seen| seen == title).unwrap()
}

#[test]
fn a_window_is_found_by_its_title_and_belongs_to_its_process() {
    let display = Display::start().unwrap();
    let desk = Desk::at(&display).unwrap();
    assert_eq!(desk.windows().unwrap(), []);
    let specimen = Specimen::open(&display, "Notes •", 0);
    let window = found(&desk, "Notes •");
    assert_eq!(window.id, specimen.id);
    assert_eq!(desk.process(&window).unwrap(), std::process::id());

    specimen.set_title("A note — Notes");
    assert_eq!(desk.title(&window).unwrap().unwrap(), "A note — Notes");
    specimen.set_old_title("old");
    assert_eq!(found(&desk, "old").id, specimen.id);
    drop(specimen);
    assert!(crate::wait::until(LIMIT, || desk.windows().unwrap().is_empty()).is_some());
    assert_eq!(desk.title(&window).unwrap(), None);
}

#[test]
fn a_title_that_does_not_come_is_an_error_with_those_that_are_there() {
    let display = Display::start().unwrap();
    let desk = Desk::at(&display).unwrap();
    let _specimen = Specimen::open(&display, "something else", 0);
    let error = desk.wait_for("titled `x`", Duration::ZERO, |title| title == "x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no window titled `x` within 0ns; the titles there are [\"something else\"]"
    );
}

#[test]
fn what_is_typed_arrives_at_the_window_with_the_focus_alone() {
    let display = Display::start().unwrap();
    let desk = Desk::at(&display).unwrap();
    let (left, right) = (Specimen::open(&display, "l", 0), Specimen::open(&display, "r", 0));
    let typed = "Milk & 2 eggs, \"free range\"; {a|b} ~/x_y #1!\n";
    for (with, without, title) in [(&left, &right, "l"), (&right, &left, "r")] {
        desk.focus(&found(&desk, title)).unwrap();
        desk.type_text(typed).unwrap();
        desk.press(&[Key::Control, Key::Char('s')]).unwrap();
        let happened = with.happened().concat();
        assert_eq!(happened, format!("{typed}^s"));
        assert_eq!(without.happened(), [""; 0]);
    }
    let error = desk.type_text("ok, but 漢").unwrap_err();
    assert!(matches!(error, X11Error::NoKey(_)));
    assert_eq!(right.happened(), [""; 0], "all of a text is typed, or nothing");
}

#[test]
fn a_click_is_where_it_was_meant() {
    let display = Display::start().unwrap();
    let desk = Desk::at(&display).unwrap();
    let specimen = Specimen::open(&display, "w", 0);
    let window = found(&desk, "w");
    desk.click(&window, 3, 4).unwrap();
    desk.arrange(&window, Place { x: 500, y: 300, width: 200, height: 100 }).unwrap();
    desk.click(&window, 199, 99).unwrap();
    desk.click(&window, 200, 100).unwrap();
    assert_eq!(specimen.happened(), ["click 3,4", "click 199,99"]);
}

#[test]
fn a_picture_shows_the_window_on_top() {
    let display = Display::start().unwrap();
    let desk = Desk::at(&display).unwrap();
    let _red = Specimen::open(&display, "red", 0x00ff_0000);
    let _blue = Specimen::open(&display, "blue", 0x0000_00ff);
    for (title, colour) in [("red", [255, 0, 0]), ("blue", [0, 0, 255]), ("red", [255, 0, 0])] {
        let window = found(&desk, title);
        desk.arrange(&window, Place { x: -20, y: 0, width: 100, height: 50 }).unwrap();
        let picture = desk.picture_of(&window).unwrap();
        assert_eq!((picture.width(), picture.height()), (80, 50), "the part on the screen");
        assert!(picture.pixels().iter().all(|pixel| *pixel == colour), "{title}");
        assert_eq!(picture.colours(), 1);
    }
    assert!(desk.picture().unwrap().colours() >= 2);
}

#[test]
fn a_picture_is_saved_as_it_was_seen() {
    let display = Display::start().unwrap();
    let desk = Desk::at(&display).unwrap();
    let _green = Specimen::open(&display, "green", 0x0012_8034);
    let picture = desk.picture_of(&found(&desk, "green")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("green.png");
    picture.save(&path).unwrap();

    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.width, info.height), (100, 80));
    assert_eq!(bytes, picture.pixels().as_flattened());
    assert_eq!(bytes[..3], [0x12, 0x80, 0x34]);
}

#[test]
fn a_display_with_a_cookie_opens_for_its_holder_alone() {
    let display = Display::start_for(Access::Cookie).unwrap();
    Desk::at(&display).unwrap();
    let (stream, _) =
        DefaultStream::from_unix_stream(UnixStream::connect(display.socket()).unwrap()).unwrap();
    let stranger = RustConnection::connect_to_stream_with_auth_info(
        stream,
        0,
        COOKIE_PROTOCOL.into(),
        vec![7; 16],
    );
    assert!(stranger.is_err());
}

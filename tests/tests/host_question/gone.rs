//! What takes a question away without an answer: nothing runs for it, and nothing stays on the screen.

use sidegate_tests::{process::descendants, process::wait_until_gone, wait};

use crate::stage::{LIMIT, POLICY, Stage, write_policy};

/// What dies, of the host that shows the question.
#[test]
fn a_question_whose_host_or_page_died_has_no_answer() {
    for dies in ["sidegate-webview-host", "WebKitWebProcess"] {
        let stage = Stage::start("set('each.a').then(tell);");
        let (window, _) = stage.question();
        let shown_by = stage.desk.process(&window).unwrap();
        let editor = stage.desk.process(&stage.window("Editor")).unwrap();
        assert_ne!(shown_by, editor, "hosts of their own");
        let family = descendants(shown_by);
        let all = stage.app.processes();
        let host = all.iter().find(|process| process.pid == shown_by).unwrap();
        let dying = [host].into_iter().chain(&family).find(|process| process.name == dies);
        dying.unwrap().kill().unwrap();
        stage.window("denied");
        stage.no_question();
        let refused = stage.records("call");
        assert_eq!(refused[0]["reason"], "ask-unasked", "{dies}: {}", stage.app.errors());
        assert_eq!(stage.answers().len(), 0, "{dies}");
        // It does not come back, and the app's own window is there as before.
        assert!(wait_until_gone(std::slice::from_ref(host), LIMIT).is_ok());
        assert!(wait::until(LIMIT, || stage.app.hosts().len() == 1).is_some());
        stage.window("denied");
    }
}

#[test]
fn a_page_that_cancels_takes_its_question_along() {
    let script = "const stop = new AbortController();
        document.body.style.height = '300px';
        onclick = () => stop.abort();
        set('each.a', { signal: stop.signal }).then(tell);";
    let stage = Stage::start(script);
    let window = stage.window(crate::stage::QUESTION);
    let process = stage.desk.process(&window).unwrap();
    stage.click_into_the_app();
    stage.window("cancelled");
    stage.no_question();
    let gone = wait::until(LIMIT, || stage.app.processes().iter().all(|it| it.pid != process));
    assert!(gone.is_some(), "its host is still there");
    let records = stage.app.records().unwrap();
    let of = |event: &str| records.iter().filter(|record| record["event"] == event).count();
    assert_eq!((of("asked"), of("answered"), of("cancelled")), (1, 0, 1), "{records:#?}");
}

#[test]
fn another_policy_takes_the_question_along() {
    let stage = Stage::start("set('each.a').then(tell);");
    stage.window(crate::stage::QUESTION);
    write_policy(&stage.home, &POLICY.replace("\"each.*\"", "\"other.*\""));
    stage.no_question();
    stage.window("cancelled");
    stage.is_in_order(0);
}

#[test]
fn an_app_that_ends_leaves_no_question_behind() {
    let stage = Stage::start("set('each.a').then(tell);");
    stage.window(crate::stage::QUESTION);
    let Stage { app, desk, .. } = stage;
    assert!(app.stop().unwrap().success());
    let gone = wait::until(LIMIT, || desk.windows().unwrap().is_empty());
    assert!(gone.is_some(), "{:?}", desk.windows().unwrap());
}

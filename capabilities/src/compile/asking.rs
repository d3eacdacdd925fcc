//! What nobody can be asked about: an entry that would have the person asked all the same.

use super::{Compiler, Owner};
use crate::diagnostics::Diagnostic;
use crate::rule::CommandPattern;
use crate::written::WrittenEntry;

/// The command that stands for files which are dragged into a window: they are let go before anybody
/// could answer.
const DROPPED: &str = "webview.drop_files";

impl Compiler<'_> {
    /// Where it is named it is an error; where a pattern of powers takes it in, worth a look.
    pub(super) fn check_asking(&mut self, owner: Owner<'_>, written: &WrittenEntry) {
        if written.ask.is_none() {
            return;
        }
        for text in &written.commands {
            let name = text.value.as_str();
            let takes_it_in =
                || name.starts_with("webview.") && CommandPattern(name.into()).matches(DROPPED);
            if name == DROPPED {
                self.report_text(owner, text.span, |place| {
                    let message = "nobody can be asked about `webview.drop_files`";
                    Diagnostic::error("ask-dropped", place, message)
                        .label("files are let go before anybody could answer")
                        .help("grant it in an entry of its own, without `ask`")
                });
            } else if takes_it_in() {
                self.report_text(owner, text.span, |place| {
                    let message = format!("`{name}` takes in `webview.drop_files`, which is refused");
                    Diagnostic::warning("ask-dropped", place, message)
                        .label("nobody can be asked about it: files are let go before they could answer")
                        .help("name the powers that are meant")
                });
            }
        }
    }
}

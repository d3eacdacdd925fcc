//! A request about a place in an open document: the texts around it, and the tree of its own.

use gen_lsp_types::{Location, Position, Uri};
use toml::Spanned;
use toml::de::DeTable;

use super::documents::Document;
use super::position::Lines;
use super::session::Client;
use super::workspace::{Checked, Workspace};

/// How the name of a capability file ends.
const TOML: &str = ".toml";

/// What is asked about.
pub(super) struct Asked<'w> {
    pub(super) workspace: &'w Workspace<'w>,
    pub(super) document: &'w Document,
    pub(super) checked: &'w Checked,
    pub(super) client: Client,
    pub(super) lines: Lines<'w>,
    /// The byte at the position that was given; the first, where none was.
    pub(super) offset: usize,
}

/// A file of the policy: its name, and its tree.
pub(super) struct Elsewhere<'w> {
    name: &'w str,
    pub(super) lines: Lines<'w>,
    pub(super) tree: Spanned<DeTable<'w>>,
}

impl<'w> Asked<'w> {
    /// `None` where the document is not open, no capability file, or too large to look at.
    pub(super) fn about(
        workspace: &'w Workspace<'w>,
        client: Client,
        uri: &Uri,
        position: Option<Position>,
    ) -> Option<Self> {
        let (document, checked) = workspace.look_up(uri)?;
        // A schema may be open as well, and is not of this language.
        if !document.name.ends_with(TOML) {
            return None;
        }
        let lines = Lines::new(document.text.as_deref()?, client.encoding);
        let offset = position.map(|position| lines.offset(position)).unwrap_or_default();
        Some(Self { workspace, document, checked, client, lines, offset })
    }

    pub(super) fn text(&self) -> &'w str {
        self.lines.text()
    }

    /// The document's tree, of as much of it as could be made out.
    pub(super) fn tree(&self) -> Spanned<DeTable<'w>> {
        DeTable::parse_recoverable(self.text()).0
    }

    /// The files of the policy that hold a word, with their trees.
    pub(super) fn files_with(&self, word: &str) -> impl Iterator<Item = Elsewhere<'w>> {
        let (sources, encoding) = (&self.checked.sources, self.client.encoding);
        let texts = sources.names().filter_map(|name| Some((name, sources.text(name)?)));
        let found = texts.filter(move |(name, text)| name.ends_with(TOML) && text.contains(word));
        found.map(move |(name, text)| {
            let (tree, _) = DeTable::parse_recoverable(text);
            Elsewhere { name, lines: Lines::new(text, encoding), tree }
        })
    }

    /// A span of one of the files, for the client.
    pub(super) fn location(
        &self,
        elsewhere: &Elsewhere<'_>,
        span: std::ops::Range<usize>,
    ) -> Option<Location> {
        let uri = self.workspace.uri(elsewhere.name)?;
        Some(Location { uri, range: elsewhere.lines.range(span) })
    }
}

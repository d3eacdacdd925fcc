//! The schema of an entry: found, read, compiled once.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Compiler, Owner};
use crate::diagnostics::{Diagnostic, Place, Span};
use crate::json;
use crate::schema::{Schema, SchemaError};
use crate::sources::is_beneath;
use crate::written::{At, WrittenSchema};

impl Compiler<'_> {
    pub(super) fn schema(
        &mut self,
        owner: Owner<'_>,
        written: &At<WrittenSchema>,
    ) -> Option<Arc<Schema>> {
        match &written.value {
            WrittenSchema::Inline(value, spans) => self.compile_once(value).map_err(|error| {
                let at = nearest_span(spans, &error.pointer).unwrap_or(written.span);
                self.bad_schema(&Place::of(owner.file, at), error.message, error.help);
            }),
            WrittenSchema::File(name) => {
                let place = Place::of(owner.file, written.span);
                let value = self.schema_file(&place, name)?;
                self.compile_once(&value).map_err(|error| {
                    let message = format!("in `{name}` at `{}`: {}", error.pointer, error.message);
                    self.bad_schema(&place, message, error.help);
                })
            }
        }
        .ok()
    }

    fn compile_once(&mut self, value: &Value) -> Result<Arc<Schema>, SchemaError> {
        let text = value.to_string();
        if let Some(known) = self.schemas.get(&text) {
            return Ok(known.clone());
        }
        let schema = Arc::new(Schema::compile(value, &mut self.budget)?);
        self.schemas.insert(text, schema.clone());
        Ok(schema)
    }

    fn schema_file(&mut self, place: &Place<'_>, name: &str) -> Option<Value> {
        if !is_beneath(name, "json") {
            let message =
                format!("`{name}` is not the name of a `.json` file beneath the policy file");
            self.bad_schema(place, message, Some("write `args = \"schemas/save.json\"`".into()));
            return None;
        }
        let directory = Path::new(place.file.name).parent().unwrap_or(Path::new(""));
        let full_name = directory.join(name).to_string_lossy().into_owned();
        let Some(text) = self.sources.text(&full_name) else {
            let names = self.sources.names().filter(|name| name.ends_with(".json"));
            let beneath =
                names.filter_map(|name| Path::new(name).strip_prefix(directory).ok()?.to_str());
            let help = self.did_you_mean(name, beneath);
            let make = || "write that file, or name one that lies beneath this one".to_owned();
            let help = Some(help.unwrap_or_else(make));
            self.bad_schema(place, format!("there is no file `{full_name}`"), help);
            return None;
        };
        match json::parse_object(text.as_bytes()) {
            Ok(map) => Some(Value::Object(map)),
            Err(error) => {
                self.bad_schema(place, format!("`{full_name}` is not a schema: {error}"), None);
                None
            }
        }
    }

    fn bad_schema(&mut self, place: &Place<'_>, message: String, help: Option<String>) {
        self.report(Diagnostic::error("bad-schema", place, message).maybe_help(help));
    }
}

/// The place of the member that the pointer names, or of the nearest one around it.
fn nearest_span(spans: &[(String, Span)], pointer: &str) -> Option<Span> {
    let mut pointer = pointer;
    loop {
        if let Some((_, span)) = spans.iter().find(|(at, _)| at == pointer) {
            return Some(*span);
        }
        (pointer, _) = pointer.rsplit_once('/')?;
    }
}

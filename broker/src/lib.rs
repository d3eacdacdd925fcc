//! Sidegate: a least-privilege broker between WebView windows and the powers of an app.

pub mod wire;

//! Files, uploaded as evidence: their names and sizes. What is in them, nobody keeps.

use data_encoding::HEXLOWER;
use futures_util::stream;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    book::{Book, Occasion},
    error::StripeError,
    form::Form,
};

/// More parts than any upload has.
const MAX_PARTS: usize = 8;
/// What a bank can read.
const KINDS: &[(&str, &str)] = &[("pdf", "pdf"), ("jpg", "jpg"), ("jpeg", "jpg"), ("png", "png")];

/// A file that somebody has uploaded.
#[derive(Clone, Debug)]
pub(super) struct File {
    id: String,
    created: u64,
    name: String,
    kind: &'static str,
    size: u64,
}

/// What is uploaded.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    pub(super) name: String,
    pub(super) size: u64,
}

/// The parameters of an upload, as if they had come in an ordinary form. The file's bytes count for idempotency only.
pub(super) async fn decode(content_type: &str, body: &axum::body::Bytes) -> Result<Form, StripeError> {
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| StripeError::invalid("Request to create a file must be multipart/form-data, with a boundary."))?;
    let malformed = |_| StripeError::invalid("Invalid multipart body.");
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut pairs = Vec::new();
    for _ in 0..MAX_PARTS {
        let Some(part) = parts.next_field().await.map_err(malformed)? else { return Form::of(pairs) };
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(malformed)?;
        match file {
            Some(file) => {
                pairs.push((format!("{name}[name]"), file));
                pairs.push((format!("{name}[size]"), bytes.len().to_string()));
                pairs.push((format!("{name}[sha256]"), HEXLOWER.encode(&Sha256::digest(&bytes))));
            }
            None => pairs.push((name, String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    Err(StripeError::invalid("Invalid multipart body."))
}

impl Book {
    pub(super) fn create_file(&mut self, new: NewFile, occasion: &Occasion) -> Result<Value, StripeError> {
        let extension = new.name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let kind = KINDS.iter().find(|(known, _)| extension.as_deref() == Some(*known));
        let Some((_, kind)) = kind else {
            let message = "Invalid file type: evidence must be a pdf, jpg or png.";
            return Err(StripeError::invalid(message).param("file"));
        };
        let id = self.ids.next("file_");
        let file = File { id: id.clone(), created: occasion.now.seconds(), name: new.name, kind, size: new.size };
        let shown = self.shown_file(&file);
        self.files.put(&id, file)?;
        Ok(shown)
    }

    pub(super) fn get_file(&self, id: &str) -> Result<Value, StripeError> {
        let file = self.files.get(id).ok_or_else(|| StripeError::missing_in_path("file upload", id))?;
        Ok(self.shown_file(file))
    }

    fn shown_file(&self, file: &File) -> Value {
        json!({
            "id": file.id,
            "object": "file",
            "created": file.created,
            "expires_at": null,
            "filename": file.name,
            "links": {
                "object": "list",
                "data": [],
                "has_more": false,
                "url": format!("/v1/file_links?file={}", file.id),
            },
            "purpose": "dispute_evidence",
            "size": file.size,
            "title": null,
            "type": file.kind,
            "url": format!("{}/v1/files/{}/contents", self.public_url, file.id),
        })
    }
}

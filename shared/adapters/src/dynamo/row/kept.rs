//! A text of somebody's as it stands in a row: bytes, which are the number of the key (four of them, the highest first) and what came of
//! sealing. What the first release wrote is a string.

use domain::personal::{Kept, KeyNumber, Sealed};

use super::super::attributes::{Attributes, Unfit, Written};

/// What a text is called: in clear, and sealed. The first release reads the one as a string, so that the other needs a name of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) clear: &'static str,
    pub(super) sealed: &'static str,
}

impl Names {
    pub(super) fn write(self, map: Written, kept: &Kept) -> Written {
        match kept {
            Kept::Clear(text) => map.text(self.clear, text.as_str()),
            Kept::Sealed(sealed) => map.bytes(self.sealed, bytes(sealed)),
        }
    }

    pub(super) fn read(self, map: &Attributes<'_>) -> Result<Option<Kept>, Unfit> {
        if let Some(bytes) = map.maybe_bytes(self.sealed)? {
            let sealed = sealed(bytes).ok_or_else(|| map.unfit(self.sealed, "is not a sealed text"))?;
            return Ok(Some(Kept::Sealed(sealed)));
        }
        Ok(map.maybe_text(self.clear)?.map(|text| Kept::Clear(text.to_owned())))
    }
}

fn bytes(sealed: &Sealed) -> Vec<u8> {
    [sealed.key.get().to_be_bytes().as_slice(), &sealed.bytes].concat()
}

fn sealed(bytes: &[u8]) -> Option<Sealed> {
    let (number, rest) = bytes.split_at_checked(size_of::<u32>())?;
    let key = KeyNumber::of(u32::from_be_bytes(number.try_into().ok()?))?;
    Some(Sealed { key, bytes: rest.to_vec() })
}

//! From what was received to processed profiles.

pub mod profile;
pub mod quality {
    //! stub
    use super::profile::Profile;
    use crate::engine::query::{Field, FieldSet};
    /// stub
    #[derive(Debug)]
    pub struct Accuracy(bool, u64, u64);
    impl Accuracy {
        /// stub
        pub fn new(fields: FieldSet) -> Self {
            Self(fields.contains(Field::Email), 0, 0)
        }
        /// stub
        pub fn add(&mut self, row: &Profile) {
            self.1 += 1;
            self.2 += u64::from(row.id().is_some() && row.email.value().is_some());
        }
        /// stub
        pub fn share(&self) -> Option<f64> {
            (self.0 && self.1 > 0).then(|| self.2 as f64 / self.1 as f64)
        }
    }
}
/// stub
#[derive(Debug)]
pub struct Processed {
    /// stub
    pub rows: Vec<profile::Profile>,
    /// stub
    pub set_aside: Vec<super::event::SetAside>,
}
/// stub
pub fn process(
    body: &bytes::Bytes,
    items: &[&[u8]],
    _fields: super::query::FieldSet,
    _page: u32,
) -> Processed {
    use profile::{Profile, Slot, Text};
    let rows = items
        .iter()
        .map(|row| {
            let v: serde_json::Value = serde_json::from_slice(row).unwrap_or_default();
            let t = |k: &str| match v.get(k).and_then(|x| x.as_str()) {
                Some(s) => Slot::Value(Text { value: s.into(), original: None }),
                None => Slot::Missing,
            };
            Profile { id: t("id"), email: t("email"), raw: body.slice_ref(row), ..Profile::default() }
        })
        .collect();
    Processed { rows, set_aside: Vec::new() }
}

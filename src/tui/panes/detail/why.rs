//! Why a value is as it is, and above all why there is none, in words.

use super::Detail;
use super::items::{Item, Source, Veil};
use crate::engine::pipeline::profile::{Change, FieldRef, Original, Profile, Slot, Value};
use crate::engine::pipeline::spells_a_value;
use crate::engine::query::Field;
use crate::tui::action::Action;
use crate::tui::ctx::Ctx;

/// What there is to say of an item; `None` where it explains itself.
pub(super) fn why(item: &Item, detail: &Detail, veil: Veil<'_>, ctx: &Ctx<'_>) -> Option<String> {
    let said = of_item(item, &detail.profile, veil, ctx);
    let is_date = matches!(item.source, Source::Field(Field::ModifiedDate));
    let past = detail.past.filter(|_| is_date).zip(detail.profile.modified_date.value());
    let past = past.map(|(window, modified)| {
        let modified = modified.value.shown();
        let (day, days) = (window.first_day(), window.length());
        format!("Last modified {modified}, past the window of {days}, which begins on {day}.")
    });
    past.into_iter().chain(said).reduce(|past, said| format!("{past} {said}"))
}

fn of_item(item: &Item, profile: &Profile, veil: Veil<'_>, ctx: &Ctx<'_>) -> Option<String> {
    let files = ctx.service.is_some_and(|service| !service.files.is_empty());
    let sender = if files { "the file" } else { "the service" };
    let field = match &item.source {
        Source::Field(field) => *field,
        Source::Node(field, _) => return node(item, profile, *field, sender, veil),
        Source::Part(_) | Source::Close => return None,
    };
    let state = match profile.field(field) {
        FieldRef::Text(Slot::Value(text)) => {
            return of_text(text.value.raw(), text.original.as_deref(), field, sender, veil);
        }
        FieldRef::Node(Slot::Value(_)) => return node(item, profile, field, sender, veil),
        FieldRef::Text(slot) => absent(slot, files, ctx),
        FieldRef::Node(slot) => absent(slot, files, ctx),
    };
    Some(state)
}

fn absent<T>(slot: &Slot<T>, files: bool, ctx: &Ctx<'_>) -> String {
    let key = |action| ctx.keys.first(action);
    match (slot, files) {
        (Slot::NotAsked, true) => "Not in the files that were read: none of them has this field.".to_owned(),
        (Slot::NotAsked, false) => format!(
            "Not asked for: tick it among the query's fields ({} there ticks all) and run again ({}).",
            key(Action::ToggleAll),
            key(Action::Run),
        ),
        (Slot::Missing, true) => "The file does not have it for this profile.".to_owned(),
        (Slot::Missing, false) => {
            "Asked for, and the service did not send it: it has nothing, or keeps it from this client."
                .to_owned()
        }
        (_, true) => "The file says null: no value.".to_owned(),
        (_, false) => "The service sent null: it has the field, without a value.".to_owned(),
    }
}

fn of_text(
    text: &str,
    original: Option<&Original>,
    field: Field,
    sender: &str,
    veil: Veil<'_>,
) -> Option<String> {
    let Some(original) = original else {
        return text.is_empty().then(|| format!("Empty because {sender} sent an empty text."));
    };
    let received = veil.quoted(field.key(), original);
    Some(match original.change {
        Change::Stripped if text.is_empty() => {
            format!(
                "Empty because {received} was sent, and of a phone number digits and letters alone are kept."
            )
        }
        Change::Stripped => {
            format!("{received} was sent; of a phone number digits and letters alone are kept.")
        }
        Change::Lowercased => format!("{received} was sent; e-mail addresses are kept in lower case."),
        Change::WrongType | Change::Coerced => format!(
            "{received} was sent, which is not the text that {} is by contract; kept as text.",
            field.key()
        ),
    })
}

fn node(item: &Item, profile: &Profile, field: Field, sender: &str, veil: Veil<'_>) -> Option<String> {
    let node = item.node(profile)?;
    if let Some(original) = &node.original {
        let received = veil.quoted(&item.path, original);
        return Some(match original.change {
            Change::Coerced => format!(
                "The text {received} was sent; in attributes, a text that spells a number or a boolean becomes one."
            ),
            _ if field == Field::Tags => {
                format!(
                    "{received} was sent, which is not the text or list of texts that tags are by contract."
                )
            }
            _ => format!(
                "{received} was sent, which is not the object that attributes are by contract; kept as it is."
            ),
        });
    }
    match &node.value {
        Value::Null => Some(format!("Empty because {sender} sent null here.")),
        Value::Text(text) if text.is_empty() => Some(format!("Empty because {sender} sent an empty text.")),
        Value::List(list) if list.is_empty() => Some(format!("Empty because {sender} sent an empty list.")),
        Value::Object(members) if members.is_empty() => {
            Some(format!("Empty because {sender} sent an empty object."))
        }
        // Whoever expects a number here is told why it is none.
        Value::Text(text)
            if field == Field::Attributes
                && text.raw().trim().parse::<f64>().is_ok_and(f64::is_finite)
                && !spells_a_value(text.raw()) =>
        {
            Some("Stays text: made a number it would not be written the same way again.".to_owned())
        }
        _ => None,
    }
}

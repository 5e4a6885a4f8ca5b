//! Looking more closely: an exchange in full, a run that is over, the webhook registrations; and sending a request
//! again.

use std::sync::Arc;

use super::{App, Moment, Turn};
use crate::engine::error::Error;
use crate::engine::event::{Command, Exchange};
use crate::engine::webhooks::Registered;
use crate::tui::action::{Action, Context};
use crate::tui::ctx::Effect;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::exchange::{ExchangePanel, curl_of};
use crate::tui::overlays::finished::RunPanel;
use crate::tui::overlays::help::Help;
use crate::tui::panes::activity::Looked;

impl App {
    /// Looks at what the cursor of the activity pane is on.
    pub(super) fn look(&mut self, at: Moment) -> Turn {
        if self.looks_at_files() {
            return self.look_without_service();
        }
        match self.activity.look() {
            Some(Looked::Exchange(exchange)) => {
                let panel = ExchangePanel::new(exchange, &self.world.mask);
                self.overlay = Some(Overlay::Exchange(Box::new(panel)));
                Turn::CHANGED
            }
            Some(Looked::Run(run)) => {
                self.overlay = Some(Overlay::Finished(Box::new(RunPanel::new(run))));
                Turn::CHANGED
            }
            Some(Looked::Webhooks) if self.replay.is_some() => {
                self.activity.webhooks_unasked();
                self.nobody_is_asked()
            }
            Some(Looked::Webhooks) if self.world.service.is_some() => {
                Turn { changed: true, effects: vec![Effect::Engine(Command::Webhooks)] }
            }
            Some(Looked::Webhooks) => {
                self.activity.webhooks_unasked();
                match self.broken.clone() {
                    Some(error) => self.webhooks_listed(Err(error), at),
                    None => self.notice("connecting; ask once the service is there".to_owned()),
                }
            }
            None => Turn::default(),
        }
    }

    fn look_without_service(&mut self) -> Turn {
        if let Some(Looked::Run(run)) = self.activity.look() {
            self.overlay = Some(Overlay::Finished(Box::new(RunPanel::new(run))));
            return Turn::CHANGED;
        }
        self.activity.webhooks_unasked();
        Turn::default()
    }

    /// Sends the request of the exchange under the cursor again, and opens it; registrations are asked for again.
    pub(super) fn send_again(&mut self, at: Moment) -> Turn {
        match self.activity.exchange_under_cursor() {
            Some(exchange) => {
                let mut panel = ExchangePanel::new(exchange, &self.world.mask);
                let turn = Self::ask_again(&mut panel);
                match turn {
                    Ok(turn) => {
                        self.overlay = Some(Overlay::Exchange(Box::new(panel)));
                        turn
                    }
                    Err(why) => self.notice(why.to_owned()),
                }
            }
            None if self.activity.is_about_webhooks() => self.look(at),
            None => Turn::default(),
        }
    }

    fn ask_again(panel: &mut ExchangePanel) -> Result<Turn, &'static str> {
        if panel.exchange().method != "GET" {
            return Err("only what changes nothing (GET) is sent again");
        }
        if panel.is_asking() {
            return Ok(Turn::default());
        }
        panel.ask_again();
        Ok(Turn { changed: true, effects: vec![Effect::Engine(Command::Again(panel.number()))] })
    }

    /// Copies the request of the exchange under the cursor as a `curl` line.
    pub(super) fn copy_curl(&mut self) -> Turn {
        let Some(exchange) = self.activity.exchange_under_cursor() else { return Turn::default() };
        match curl_of(&exchange) {
            Some(line) => Turn::of(Effect::Copy(line)),
            None => self.notice(NO_CURL.to_owned()),
        }
    }

    /// What an action does while an exchange or a run is open; `None`: what it does in any overlay.
    pub(super) fn act_on_exchange(&mut self, action: Action, at: Moment) -> Option<Turn> {
        let ctx = self.world.ctx(at, self.world.size);
        let panel = match &mut self.overlay {
            Some(Overlay::Exchange(panel)) => panel,
            Some(Overlay::Finished(panel)) if action == Action::Copy => {
                return Some(Turn::of(Effect::Copy(panel.text(&ctx))));
            }
            _ => return None,
        };
        let copied = |text: Option<String>| text.map(|text| Turn::of(Effect::Copy(text)));
        Some(match action {
            Action::Answer => match panel.take_search(&ctx) {
                Some(why) => self.notice(why),
                None => Turn::CHANGED,
            },
            Action::Close if panel.stop_typing() => Turn::CHANGED,
            Action::Search => {
                panel.search();
                Turn::CHANGED
            }
            Action::SearchNext | Action::SearchPrevious => {
                Turn::changed(panel.next_found(action == Action::SearchNext, &ctx))
            }
            Action::SendAgain => match Self::ask_again(panel) {
                Ok(turn) => turn,
                Err(why) => self.notice(why.to_owned()),
            },
            Action::Copy => Turn::of(Effect::Copy(panel.text(&ctx))),
            Action::CopyCurl => match copied(panel.curl()) {
                Some(turn) => turn,
                None => self.notice(NO_CURL.to_owned()),
            },
            Action::CopyProfile => match copied(panel.body().map(str::to_owned)) {
                Some(turn) => turn,
                None => self.notice("there is no body to copy".to_owned()),
            },
            Action::Help => {
                self.overlay = Some(Overlay::Help(Box::new(Help::new(Context::Exchange, None))));
                Turn::CHANGED
            }
            _ => return None,
        })
    }

    /// An exchange is over: where the open one was sent again, its reply takes the place.
    pub(super) fn exchange_came(&mut self, exchange: &Arc<Exchange>) {
        if let Some(Overlay::Exchange(panel)) = &mut self.overlay
            && panel.is_asking()
            && exchange.again == Some(panel.number())
            // One that is tried again is not the reply yet; the log has it.
            && exchange.retry.is_none()
        {
            panel.came(Arc::clone(exchange), &self.world.mask);
        }
    }

    /// A request was sent again, or was not.
    pub(super) fn sent_again(&mut self, number: u64, error: Option<Error>, at: Moment) -> Turn {
        let Some(error) = error else { return Turn::default() };
        self.note(format!("again exchange {number}: {}", error.what), at);
        if let Some(Overlay::Exchange(panel)) = &mut self.overlay
            && panel.number() == number
        {
            panel.failed(error);
        }
        Turn::CHANGED
    }

    /// The webhook registrations came, or why they did not.
    pub(super) fn webhooks_listed(&mut self, listed: Result<Arc<[Registered]>, Error>, at: Moment) -> Turn {
        let ctx = self.world.ctx(at, self.world.size);
        self.activity.webhooks(listed, &ctx);
        Turn::CHANGED
    }

    /// What was asked beside the runs could not be handed to the worker.
    pub(super) fn aside_undelivered(&mut self) -> Turn {
        self.activity.webhooks_unasked();
        if let Some(Overlay::Exchange(panel)) = &mut self.overlay {
            panel.failed(Error::new(
                crate::engine::error::Kind::Local,
                "the background task does not take commands",
                "it has ended, or it is stuck",
                "leave and start again; the log says more",
            ));
        }
        self.notice("the background task does not take commands".to_owned())
    }
}

/// Why there is no line.
const NO_CURL: &str = "no curl line: the request is not kept any more, or its body holds a secret";

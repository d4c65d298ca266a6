import { useState } from "react";
import type { Message } from "../../app/api-types.ts";
import { PageHead } from "../../app/shell.tsx";
import { browserZone, dayOf } from "../../app/time.ts";
import { Empty, ProblemNote, Skeletons } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { WindowList } from "../../design/window-list.tsx";
import { useMe } from "../session/session.tsx";
import { ZoneNote } from "../session/zone-note.tsx";
import { Composer } from "./composer.tsx";
import { MessageCard } from "./message-card.tsx";
import { useMessageFeed, useSendMessage } from "./use-messages.ts";
import "./messages.css";

const examples = [
  "Remember that Dima loves climbing.",
  "Remind me every weekday at 08:30 to take my pills.",
  "Remember that Dima's birthday is on 14 March.",
  "What do you know about Dima?",
];

/** Write a message, see what was understood; what was said before stands below, the newest first. */
export function TalkPage() {
  const feed = useMessageFeed();
  const { zone } = useMe();
  const say = useSay();
  const [text, setText] = useState("");
  const send = useSendMessage((unsent) => {
    setText((now) => (now.trim() === "" ? unsent : `${unsent}\n${now}`));
    say("The message was not stored. Its words are back in the box.");
  });
  const messages = feed.data?.pages.flatMap((page) => page.items) ?? [];
  const more = feed.hasNextPage && !feed.isFetchingNextPage ? () => void feed.fetchNextPage() : null;

  return (
    <>
      <PageHead title="Talk">Say what to remember and when to remind you. Everything is kept word for word; nothing is guessed.</PageHead>
      <ZoneNote browser={browserZone()} />
      <Composer
        text={text}
        setText={setText}
        waiting={send.isPaused}
        send={(words) => {
          setText("");
          send.mutate({ text: words, externalId: crypto.randomUUID() });
        }}
      />
      {send.isError && <ProblemNote error={send.error} />}
      <section className="section" aria-labelledby="history-title">
        <h2 id="history-title">What was said</h2>
        {feed.isPending && <Skeletons label="messages" />}
        {feed.isError && <ProblemNote error={feed.error} retry={() => void feed.refetch()} />}
        {feed.isSuccess && messages.length === 0 && (
          <Empty title="Nothing has been said yet">
            Try one of these, or write your own words above.
            <span className="examples">
              {examples.map((example) => (
                <button key={example} type="button" className="button small" onClick={() => setText(example)}>
                  {example}
                </button>
              ))}
            </span>
          </Empty>
        )}
        {messages.length > 0 && (
          <WindowList label="Messages" items={messages} keyOf={keyOf} estimate={140} more={more}>
            {(message, index) => (
              <>
                {startsDay(messages, index, zone) && <h3 className="day">{dayOf(message.sentAt, zone)}</h3>}
                <MessageCard message={message} zone={zone} waiting={message.id === message.externalId} />
              </>
            )}
          </WindowList>
        )}
      </section>
    </>
  );
}

/** A message keeps its place in the list when the server's answer takes the place of the one that waited. */
const keyOf = (message: Message) => (message.source === "web" ? (message.externalId ?? message.id) : message.id);

function startsDay(messages: readonly Message[], index: number, zone: string): boolean {
  const [message, before] = [messages[index], messages[index - 1]];
  if (message === undefined) return false;
  return before === undefined || dayOf(before.sentAt, zone) !== dayOf(message.sentAt, zone);
}

import { createMemaClient, type MemaClient } from "@mema/api/client";

const day = 86_400_000;

/** A memory as a person would have it after some months, so that every page has something to show. */
export async function tellStory(url: string, apiKey: string, nowMs: number): Promise<MemaClient> {
  const client = createMemaClient({ url, apiKey });
  const me = await client.users.me.query();
  await client.users.update.mutate({ version: me.version, timezone: "Europe/Berlin", name: "Ada" });
  const at = (daysAgo: number) => new Date(nowMs - daysAgo * day).toISOString();

  const past: [daysAgo: number, text: string][] = [
    [74, "Remember that Dima loves climbing."],
    [73.9, "He said the new wall in Neukölln is the best one in the city."],
    [61, "Remember that my sister Lena works at the Charité."],
    [44, "Remember that I am allergic to walnuts."],
    [30, "Long day. The boiler man came and wants 240 euros for the valve."],
    [29.9, "Remember that the boiler was serviced by Petra Krause."],
    [12, "Remember that Lena prefers trains to planes."],
    [9, "Remember that Dima's birthday is on 14 March 2027."],
    [3, "We might go to Trieste in spring, by train."],
    [0.3, "Remember that the spare key is with Mrs Okafor on the second floor."],
  ];
  for (const [daysAgo, text] of past)
    await client.messages.send.mutate({ text, sentAt: at(daysAgo), source: "web", externalId: `story ${daysAgo}` });
  await client.messages.send.mutate({
    text: "Remind me every weekday at 08:30 to take my pills.",
    source: "web",
    externalId: "story pills",
  });

  const { items } = await client.facts.list.query({ limit: 100 });
  const walnuts = items.find(({ content }) => content.includes("walnuts"));
  if (walnuts !== undefined) {
    await client.facts.update.mutate({
      id: walnuts.id,
      version: walnuts.version,
      content: "I am allergic to walnuts and pecans",
      factType: "health",
    });
  }
  const birthday = items.find(({ content }) => content.includes("birthday"));
  if (birthday !== undefined) {
    const dated =
      birthday.eventDate === null
        ? await client.facts.update.mutate({ id: birthday.id, version: birthday.version, eventDate: "2027-03-14", factType: "date" })
        : null;
    await client.reminders.create.mutate({
      title: "Buy a gift for Dima",
      beforeFact: { factId: dated?.fact.id ?? birthday.id, offset: "P3D", time: "18:00", yearly: true },
    });
  }
  await client.reminders.create.mutate({ title: "Water the plants", every: { seconds: 3 * 86_400 } });
  await client.reminders.create.mutate({
    title: "Check the night train, early on Sundays",
    rrule: "FREQ=WEEKLY;BYDAY=SU",
    dtstartLocal: "2027-02-21T02:30:00",
    tz: "Europe/Berlin",
  });
  const paused = await client.reminders.create.mutate({ title: "Stretch", rrule: "FREQ=DAILY", dtstartLocal: "2027-01-04T17:00:00" });
  await client.reminders.pause.mutate({ id: paused.id });
  return client;
}

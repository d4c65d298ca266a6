import { PageHead } from "../../app/shell.tsx";
import { AccountSection } from "../account/account-section.tsx";
import { ChannelsSection } from "../channels/channels-section.tsx";
import { KeysSection } from "./keys-section.tsx";

export function KeysPage() {
  return (
    <>
      <PageHead title="Keys and channels">Who may use your memory, and where reminders reach you.</PageHead>
      <ChannelsSection />
      <KeysSection />
      <AccountSection />
    </>
  );
}

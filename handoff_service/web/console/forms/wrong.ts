import { keyFor, type Translate } from "../text";

/** What the check of the configuration finds wrong, and our sentence for it; groups fill its blanks. */
const FOUND: readonly (readonly [RegExp, string])[] = [
  [/^This is no YAML: found character '(\\t|\t)'/, "yaml_tab"],
  [/^This is no YAML: found character (?<sign>'.*') that cannot start/, "yaml_start"],
  [/^This is no YAML: .*(<stream end>|end of stream)/, "yaml_open"],
  [/^This is no YAML: mapping values are not allowed/, "yaml_colon"],
  [/^This is no YAML: expected (<block end>|'<document start>')/, "yaml_indent"],
  [/^This is no YAML: expected ','/, "yaml_comma"],
  [/^This is no YAML: but found another document/, "yaml_documents"],
  [/^This is no YAML: found undefined alias|^Anchors and aliases are not read here/, "yaml_alias"],
  [/^This is no YAML: (?<why>.*?)\.?$/s, "yaml"],
  [/^The tag (?<tag>.*) is not read here/, "yaml_tag"],
  [/^This is nested deeper than (?<n>\d+) levels/, "yaml_depth"],
  [/^A key is a word/, "yaml_key"],
  [/^The file has more than (?<n>\d+) characters/, "yaml_size"],
  [/^A file has sections: (?<names>.*)\.$/, "sections"],
  [/^there is no such section/, "no_section"],
  [/^there is no such field/, "no_field"],
  [/^this is the file of (?<name>.*), not of (?<own>.*)/s, "other_file"],
  [/^channel accounts hold secrets/, "channels_elsewhere"],
  [/^this is a list of accounts/, "agents_list"],
  [/^(?<name>['"].*['"]) is no agent; name an address/s, "no_agent"],
  [/^['"].*['"] is no time of day/s, "no_time"],
  [/^Input should be a valid string/, "text"],
  [/^Input should be a valid boolean/, "truth"],
  [/^Input should be a valid (tuple|list)/, "list"],
  [/^Input should be a valid dictionary/, "group"],
  [/^Datetimes provided to dates should have zero time/, "date"],
  [/^(?<name>.+) cannot be below 0$/, "below_zero"],
  [/ is (there|listed) twice|^playbook .* has the step .* twice/, "twice"],
  [/^`\w+` is missing/, "empty"],
  [/^String should have at least 1 character/, "empty"],
  [/^(Tuple|List) should have at least 1 item/, "none_chosen"],
  [/^String should match pattern/, "pattern"],
  [/^Input should be greater than 0/, "above_zero"],
  [/^Input should be greater than or equal to (?<n>[\d.]+)/, "at_least"],
  [/^Input should be less than or equal to (?<n>[\d.]+)/, "at_most"],
  [/^Input should be less than 1\b/, "percent"],
  [/^String should have at most (?<n>\d+) character/, "too_long"],
  [/^(Tuple|List) should have at most (?<n>\d+) item/, "too_many"],
  [/^Input should be a valid (integer|number)/, "number"],
  [/^Input should be a valid date/, "date"],
  [/^['"].*['"] is not possible/s, "not_possible"],
  [/^there is no channel '(?<name>.*?)'/, "no_channel"],
  [/^'(?<name>.*)' is no type of tickets/s, "ticket_type"],
  [/for braces that stand for themselves/, "braces"],
  [/(?<blank>\{.*…\}): a blank is a name and nothing else; write \{\{ and \}\} for plain braces/, "plain_blank"],
  [/this sentence has these blanks, no more and no less: (?<names>.*)/, "blanks"],
  [/it is open and nobody works on (?<when>.*?)(;|$)/, "nobody_works"],
  [/(?<who>[^;:]+) is on two shifts \((?<shifts>.*?)\) on (?<when>.*?)(;|$)/, "two_shifts"],
  [/^there is no time zone/, "zone"],
  [/^no public holidays are known/, "country"],
  [/has no subdivision '.*'; known are: (?<known>.*?)\.?$/, "subdivision"],
  [/there is no variable \{(?<name>\w*)\}/, "variable"],
  [/^a canned reply needs a text/, "no_text"],
  [/^a target sets first_reply_min/, "no_target"],
  [/^priority_from \d+ is above/, "priorities"],
  [/has `hours` and a `calendar`/, "hours_twice"],
  [/flows over into '.*', which does not exist/, "overflow"],
  [/ is a circle; let one of them end/, "circle"],
  [/is where queues overflow to/, "reserved"],
  [/queue (?<queue>\S+) goes by the calendar '(?<calendar>.*?)', which does not exist/, "calendar"],
  [/queue (?<queue>\S+) asks for the skill '(?<skill>.*?)', which is not listed/, "skill"],
  [/^(?<email>\S+@\S+) still has it/, "still_has"],
  [/^(\S+: )?there is no queue '(?<name>.*?)'/i, "queue"],
  [/^(\S+: )?[Tt]here is no (skill|language|sentence) '(?<name>.*?)'/, "no_such"],
  [/^Somebody waits in the queue (?<queue>[^;]*);/, "somebody_waits"],
  [/^a shift of .* names either/, "shift"],
  [/is a special day twice/, "day_twice"],
  [/^(?<email>\S+@\S+) has a disabled account; enable it already/, "account_disabled"],
  [/^(?<email>\S+@\S+) has an account already/, "account_there"],
  [/^(?<email>\S+@\S+) is the last owner/, "last_owner"],
  [/ is lent by (?<tenant>[^;,]+?)( and signs in there)?[.;]/, "lent"],
  [/^Nobody disables his own account/, "own_account"],
  [/^The articles of tenant '.*' are files/, "in_files"],
  [/^All tenants share the bot/, "bot_shared"],
  [/ is no e-mail address/, "address"],
  [/^(?<name>.+) does not answer customers;/, "answers_nobody"],
  [/^(?<field>\w+) \((?<about>.*)\) does not look like /, "field_form"],
  [/^\w+ needs (?<field>\w+) \((?<about>.*?)\)/, "field_missing"],
  [/^(?<url>\S+) must be http\(s\):\/\/host\/… without a password/, "web_address"],
  [/^(?<url>\S+) (must be https: and on the internet|is not an address of the internet)/, "public_address"],
  [/^A tenant has at most (?<n>\d+) webhooks/, "most_webhooks"],
  [/^(?<name>.+) has (?<n>\d+) valid keys/, "valid_keys"],
  [/^A conversation of this contact is on legal hold/, "on_hold"],
  [/^This contact is being erased/, "being_erased"],
  [/^Who belongs to this customer is not what was shown|^This customer was merged or parted/, "person_changed"],
  [/^(?<host>\S+) answered (?<status>\d{3})$/, "answered"],
  [/^\w*Timeout\w* at (?<host>\S+)$/, "no_answer"],
  [/^\w+Error at (?<host>\S+)$/, "no_connection"],
  [/^the connection was lost at (?<host>\S+)$/, "lost"],
  [/^the account's address is not one$/, "not_an_address"],
];

/** A problem as an administrator reads it; what we have no words for stands as the server said it. */
export function wrongText(message: string, t: Translate): string {
  for (const [pattern, name] of FOUND) {
    const found = pattern.exec(message);
    const key = found === null ? null : keyFor("wrong", name);
    if (found !== null && key !== null) return t(key, found.groups ?? {});
  }
  return message;
}

const MEANT = /; did you mean (?<name>[^;]+)\?$/;
const KNOWN = /; there are: (?<names>[^;]+)$/;
const NONE = /; there are none$/;
const GIVEN = / \(here: (?<given>.*)\)$/s;

/** The same for who writes the file itself: with what was meant or what there is, which a form shows anyway. */
export function wrongInFile(message: string, t: Translate): string {
  const words = wrongText(message, t);
  if (words === message) return message;
  const more = ([[MEANT, "wrong.did_you_mean"], [KNOWN, "wrong.there_are"], [NONE, "wrong.there_are_none"], [GIVEN, "wrong.given"]] as const)
    .map(([pattern, key]) => {
      const found = pattern.exec(message);
      return found === null ? "" : t(key, found.groups ?? {});
    });
  return [words, ...more].join("");
}

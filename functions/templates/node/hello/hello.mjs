// Greets a person: {"name": "Ada"} -> {"greeting": "Hello, Ada!"}.
import { Fail } from "pelton";

export async function handle(event, context) {
  const person = event.json();
  if (!person.name) throw new Fail("this person has no name"); // a dead letter at once; other errors are retried
  return { greeting: `Hello, ${person.name}!` }; // an event in the stream `to`, with the key of its input
}

// What every page loads. Each page is whole without it: forms post and redirect, links lead on.
import { keepDecided } from "./decided";
import { keepFocus } from "./focus";
import { keepFormsHonest } from "./forms";
import { keepWhatTheReaderDid } from "./kept";
import { listen } from "./live";
import { stayPresent } from "./presence";
import { keepTime } from "./times";
import { walkWaiting } from "./waiting";

keepTime();
keepWhatTheReaderDid();
keepFocus();
keepDecided();
keepFormsHonest();
walkWaiting();
void stayPresent();
if (document.body.dataset["live"]) listen(document.body.dataset["live"]);

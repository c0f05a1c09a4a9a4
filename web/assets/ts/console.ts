// What every page loads. Each page is whole without it: forms post and redirect, links lead on.
import { keepFocus } from "./focus";
import { keepFormsHonest } from "./forms";
import { listen } from "./live";
import { stayPresent } from "./presence";
import { keepTime } from "./times";
import { keepUnfolded } from "./unfolded";
import { walkWaiting } from "./waiting";

keepTime();
keepUnfolded();
keepFocus();
keepFormsHonest();
walkWaiting();
void stayPresent();
if (document.body.dataset["live"]) listen(document.body.dataset["live"]);

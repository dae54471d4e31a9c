package dev.carafe.it.enforcement;

import static dev.carafe.it.enforcement.Permit.Value.NOTHING;
import static dev.carafe.it.enforcement.Permit.Value.TRUE;
import static dev.carafe.it.enforcement.Permit.answer;
import static dev.carafe.it.enforcement.Permit.call;

import java.util.List;

/** What the room bottle enforces. */
final class BottleEnforcements {
  private static final String SIDECAR = "bottle.Sidecar#";
  private static final String TEST = "bottle.SidecarOpeningTest#";

  private BottleEnforcements() {}

  static final List<Enforcement> ALL =
      List.of(
          new Enforcement(
              "A sidecar is proved from inside before it is handed over",
              SIDECAR + "prove",
              answer(NOTHING),
              TEST + "aNetworkThatIsNotAsItShouldBeIsClosedAgain"),
          new Enforcement(
              "What a sidecar has begun is undone when it cannot be opened",
              SIDECAR + "unwind",
              answer(NOTHING),
              TEST + "aNetworkThatIsNotAsItShouldBeIsClosedAgain"),
          new Enforcement(
              "Only names that a route is for lead to the proxy",
              "egress.routes.HostPattern#matches",
              answer(TRUE),
              TEST + "onlyNamesThatARouteIsForLeadToTheProxy"),
          new Enforcement(
              "A machine's canary is among what its sidecar looks for",
              SIDECAR + "rules",
              call("ifPresent", NOTHING),
              TEST + "theMachinesCanaryIsCarriedOutByNothing"));
}

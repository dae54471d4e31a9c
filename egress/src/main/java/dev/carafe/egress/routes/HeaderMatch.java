package dev.carafe.egress.routes;

/** A header that a request must have: its name, lower case, and its value. */
public record HeaderMatch(String name, String value) {}

package io.octavo.spark;

import java.io.Serializable;

/**
 * What all ranks of an attempt are told.
 *
 * @param run identifies the training run within the application
 * @param attempt counted from 0
 * @param transportId connections of other attempts are refused
 * @param startStep steps done before
 */
record RankAttempt(String run, int attempt, long transportId, long startStep, OctavoConf conf)
    implements Serializable {}

"""Export of a trained model as SavedModel or TFLite: conversion, int8, comparison, report."""
